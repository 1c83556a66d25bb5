"""Writes googlenet.json: GoogLeNet as table 1 of the paper has it, and in its teaching form: python3 googlenet.py"""
import torch
import torch.nn.functional as F
from reference import case, write
from torch import nn
from torchvision import models

TABLE = {
    'inception3a': (64, 96, 128, 16, 32, 32),
    'inception3b': (128, 128, 192, 32, 96, 64),
    'inception4a': (192, 96, 208, 16, 48, 64),
    'inception4b': (160, 112, 224, 24, 64, 64),
    'inception4c': (128, 128, 256, 24, 64, 64),
    'inception4d': (112, 144, 288, 32, 64, 64),
    'inception4e': (256, 160, 320, 32, 128, 128),
    'inception5a': (256, 160, 320, 32, 128, 128),
    'inception5b': (384, 192, 384, 48, 128, 128),
}


def tensorflow_padding(x, kernel, stride, value=0.0):
    amounts = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        amounts += [total // 2, total - total // 2]
    return F.pad(x, amounts, value=value)


class Unit(nn.Module):
    def __init__(self, inplanes, planes, kernel, stride=1, same=False):
        super().__init__()
        self.kernel, self.stride, self.same = kernel, stride, same
        self.conv = nn.Conv2d(inplanes, planes, kernel, stride, 0 if same else kernel // 2)

    def forward(self, x):
        return F.relu(self.conv(tensorflow_padding(x, self.kernel, self.stride) if self.same else x))


class Module(nn.Module):
    def __init__(self, inplanes, widths):
        super().__init__()
        one, reduce3, three, reduce5, five, pool = widths
        self.branch1 = Unit(inplanes, one, 1)
        self.branch2 = nn.Sequential(Unit(inplanes, reduce3, 1), Unit(reduce3, three, 3))
        self.branch3 = nn.Sequential(Unit(inplanes, reduce5, 1), Unit(reduce5, five, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Unit(inplanes, pool, 1))
        self.planes = one + three + five + pool

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class Auxiliary(nn.Module):
    def __init__(self, inplanes, classes):
        super().__init__()
        self.conv = Unit(inplanes, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x):
        x = self.conv(F.avg_pool2d(x, 5, 3))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class GoogLeNet(nn.Module):
    """Images of 209 to 256 pixels: the auxiliary classifiers are for maps that their windows cover 4x4 times."""

    def __init__(self, teaching, classes):
        super().__init__()
        self.teaching = teaching
        self.conv1 = Unit(3, 64, 7, 2, teaching)
        if teaching:
            self.norm1 = nn.BatchNorm2d(64)
        self.conv2 = Unit(64, 64, 1)
        self.conv3 = Unit(64, 192, 3)
        if teaching:
            self.norm2 = nn.BatchNorm2d(192)
        planes = 192
        for name, (one, reduce3, three, reduce5, five, pool) in TABLE.items():
            if teaching:
                reduce5 = pool = reduce3
            module = Module(planes, (one, reduce3, three, reduce5, five, pool))
            self.add_module(name, module)
            planes = module.planes
        self.aux1 = Auxiliary(self.inception4a.planes, classes)
        self.aux2 = Auxiliary(self.inception4d.planes, classes)
        self.fc = nn.Linear(planes, classes)

    def pool(self, x):
        if self.teaching:
            return F.max_pool2d(tensorflow_padding(x, 3, 2, float('-inf')), 3, 2)
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def norm(self, x, name):
        return getattr(self, name)(x) if self.teaching else F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)

    def forward(self, x):
        x = self.norm(self.pool(self.conv1(x)), 'norm1')
        x = self.pool(self.norm(self.conv3(self.conv2(x)), 'norm2'))
        outputs = []
        for name in TABLE:
            if name in ('inception4a', 'inception5a'):
                x = self.pool(x)
            x = getattr(self, name)(x)
            if self.training and name in ('inception4a', 'inception4d'):
                outputs.append(getattr(self, 'aux1' if name == 'inception4a' else 'aux2')(x))
        logits = self.fc(x.mean((2, 3)))
        return [logits, *outputs] if self.training else logits


def torchvision_without_auxiliary():
    options = {'num_classes': 10, 'aux_logits': False, 'transform_input': True}
    return case('googlenet', options, models.googlenet(init_weights=False, **options), [1, 3, 65, 48])


small = {'num_classes': 10}
shape = [1, 3, 224, 240]
write(
    'googlenet.json',
    [
        torchvision_without_auxiliary(),
        case('googlenet_paper', small, GoogLeNet(False, 10), shape, training=True, source='the paper, table 1'),
        case('googlenet_teaching', small, GoogLeNet(True, 10), shape, training=True, source='the paper, table 1'),
    ],
)
