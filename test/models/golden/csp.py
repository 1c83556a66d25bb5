"""Writes csp.json: CSPPeleeNet as tomotana14 computes it, and CSPDenseNet written here from the figure of its paper:

python3 csp.py FILE, the peleenet.py of tomotana14/CSPPeleeNet.pytorch.
"""
import importlib.util
import sys
from collections import OrderedDict

import torch
import torch.nn.functional as F
from reference import case, write
from torch import nn

spec = importlib.util.spec_from_file_location('community', sys.argv[1])
community = importlib.util.module_from_spec(spec)
spec.loader.exec_module(community)


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


def varied():
    """The community's network with SiLU, squeeze-and-excitation, and pools before the last convolutions of stages."""
    model = community.PeleeNet(nclass=10, partial_ratio=0.5)
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.SiLU())
    for stage in model.stages:
        conv, pool = stage.transition2
        width = conv[0].out_channels
        parts = [('0', conv), ('se', SqueezeExcite(width))]
        pools = [] if isinstance(pool, nn.Identity) else [('1', pool)]
        stage.transition2 = nn.Sequential(OrderedDict(pools + parts))
    return model


class Layer(nn.Module):
    def __init__(self, channels, growth, bottleneck):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, bottleneck * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bottleneck * growth)
        self.conv2 = nn.Conv2d(bottleneck * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


class ElasticLayer(nn.Module):
    def __init__(self, channels, growth, bottleneck):
        super().__init__()
        width = bottleneck * growth // 2
        self.conv1_d = nn.Conv2d(channels, width, 1, bias=False)
        self.norm2_d = nn.BatchNorm2d(width)
        self.conv2_d = nn.Conv2d(width, growth, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x):
        seen = F.relu(self.norm1(x))
        high = self.conv2(F.relu(self.norm2(self.conv1(seen))))
        low = F.relu(self.norm2_d(self.conv1_d(F.avg_pool2d(seen, 2))))
        low = F.interpolate(self.conv2_d(low), scale_factor=2, mode='bilinear', align_corners=False)
        return high + low


class Block(nn.Module):
    def __init__(self, layer, count, channels, growth, bottleneck):
        super().__init__()
        for i in range(count):
            self.add_module(f'denselayer{i + 1}', layer(channels + i * growth, growth, bottleneck))

    def forward(self, x):
        for layer in self.children():
            x = torch.cat([x, layer(x)], 1)
        return x


class Narrow(nn.Module):
    """BN, ReLU and a 1x1 convolution."""

    def __init__(self, channels, out):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, out, 1, bias=False)

    def forward(self, x):
        return self.conv(F.relu(self.norm(x)))


class Transition(Narrow):
    def forward(self, x):
        return F.avg_pool2d(super().forward(x), 2)


class Branch(nn.Module):
    def __init__(self, block, channels):
        super().__init__()
        self.denseblock = block
        self.transition = Narrow(channels, channels)

    def forward(self, x):
        return self.transition(self.denseblock(x))


class Partial(nn.Module):
    """The first half of the channels passes by."""

    def __init__(self, layer, count, channels, growth, bottleneck):
        super().__init__()
        self.past = channels // 2
        seen = channels - self.past
        block = Block(layer, count, seen, growth, bottleneck)
        self.branch = Branch(block, seen + count * growth)

    def forward(self, x):
        return torch.cat([x[:, : self.past], self.branch(x[:, self.past :])], 1)


class CSPDenseNet(nn.Module):
    def __init__(self, layer, growth, blocks, stem, bottleneck, classes, last):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module('conv0', nn.Conv2d(3, stem, 7, 2, 3, bias=False))
        self.features.add_module('norm0', nn.BatchNorm2d(stem))
        self.features.add_module('relu0', nn.ReLU())
        self.features.add_module('pool0', nn.MaxPool2d(3, 2, 1))
        channels = stem
        for i, count in enumerate(blocks):
            if i:
                self.features.add_module(f'transition{i}', Transition(channels, channels // 2))
                channels //= 2
            self.features.add_module(f'denseblock{i + 1}', Partial(layer, count, channels, growth, bottleneck))
            channels += count * growth
        self.features.add_module(last, nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        return self.classifier(F.relu(self.features(x)).mean((2, 3)))


def small(layer):
    return CSPDenseNet(layer, 8, [2, 3, 2, 2], 16, 2, 10, 'norm5')


OPTIONS = {
    'growth_rate': 8,
    'block_config': [2, 3, 2, 2],
    'num_init_features': 16,
    'bn_size': 2,
    'num_classes': 10,
}
SOURCE = 'tomotana14/CSPPeleeNet.pytorch@e7506fe3c74b57ed670646de52f2a9eebcc46175'

write('csp.json', [
    case(
        'csppeleenet',
        {'num_classes': 10},
        community.PeleeNet(nclass=10, partial_ratio=0.5),
        [1, 3, 64, 64],
        source=SOURCE,
    ),
    case(
        'csppeleenet',
        {'num_classes': 10, 'activation': 'silu', 'squeeze_excite': True, 'pool_first': True},
        varied(),
        [1, 3, 64, 96],
        source=SOURCE,
    ),
    case('cspdensenet121', OPTIONS, small(Layer), [1, 3, 128, 128], training=True),
    case('cspdensenet201_elastic', OPTIONS, small(ElasticLayer), [1, 3, 128, 128], training=True),
])
