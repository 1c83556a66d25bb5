"""Writes revnet.json: renmengye/revnet-public, whose code is for TensorFlow 1, written down in PyTorch from its
resnet/models/{resnet,revnet}_model.py, with gradients of the plain graph: python3 revnet.py
"""
import torch
from reference import case, write
from torch import nn
from torch.nn import functional as F


class Same(nn.Conv2d):
    """With TensorFlow's padding."""

    def forward(self, x):
        pads = []
        for size in (x.shape[3], x.shape[2]):
            k, s = self.kernel_size[0], self.stride[0]
            total = max((-(-size // s) - 1) * s + k - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads))


def conv(cin, cout, k, s=1):
    return Same(cin, cout, k, s, bias=False)


def norm(c):
    return nn.BatchNorm2d(c, eps=1e-3, momentum=0.01)


def residual(cin, cout, stride, bottleneck, activate):
    shapes = [(cin, cout // 4, 1), (cout // 4, cout // 4, 3), (cout // 4, cout, 1)]
    if not bottleneck:
        shapes = [(cin, cout, 3), (cout, cout, 3)]
    subs = nn.ModuleDict()
    for i, (a, b, k) in enumerate(shapes, 1):
        sub = nn.ModuleDict()
        if activate or i > 1:
            sub[f'bn{i}'] = norm(a)
        sub[f'conv{i}'] = conv(a, b, k, stride if i == 1 else 1)
        subs[f'sub{i}'] = sub
    return subs


def run(subs, x):
    for i, sub in enumerate(subs.values(), 1):
        if f'bn{i}' in sub:
            x = F.relu(sub[f'bn{i}'](x))
        x = sub[f'conv{i}'](x)
    return x


class Unit(nn.Module):
    def __init__(self, cin, cout, stride, bottleneck, activate):
        super().__init__()
        cin, cout = cin // 2, cout // 2
        self.stride, self.extra = stride, cout - cin
        self.f = residual(cin, cout, stride, bottleneck, activate)
        self.x1_bottleneck = self.x2_bottleneck = None
        if bottleneck and (stride > 1 or cin != cout):
            self.x1_bottleneck = nn.ModuleDict({'project': conv(cin, cout, 1, stride)})
            self.x2_bottleneck = nn.ModuleDict({'project': conv(cin, cout, 1, stride)})
        self.g = residual(cout, cout, 1, bottleneck, True)

    def shortcut(self, x, projection):
        if projection is not None:
            return projection['project'](x)
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        return F.pad(x, (0, 0, 0, 0, self.extra // 2, self.extra // 2))

    def forward(self, x):
        x1, x2 = x.chunk(2, 1)
        y1 = run(self.f, x2) + self.shortcut(x1, self.x1_bottleneck)
        y2 = run(self.g, y1) + self.shortcut(x2, self.x2_bottleneck)
        return torch.cat((y1, y2), 1)


class RevNet(nn.Module):
    def __init__(self, filters, units, bottleneck, large, classes):
        super().__init__()
        widths = filters[:1] + [f * 4 if bottleneck else f for f in filters[1:]]
        self.large = large
        stem = conv(3, widths[0], 7, 2) if large else conv(3, widths[0], 3)
        self.init = nn.ModuleDict({'init_conv': stem, 'init_bn': norm(widths[0])})
        for s, n in enumerate(units):
            stage = [
                Unit(
                    widths[s if i == 0 else s + 1],
                    widths[s + 1],
                    2 if i == 0 and s > 0 else 1,
                    bottleneck,
                    s > 0 or i > 0,
                )
                for i in range(n)
            ]
            setattr(self, f'unit_{s + 1}', nn.Sequential(*stage))
        self.stages = len(units)
        self.unit_last = nn.ModuleDict({'final_bn': norm(widths[-1])})
        self.logit = nn.Linear(widths[-1], classes)

    def forward(self, x):
        x = F.relu(self.init['init_bn'](self.init['init_conv'](x)))
        if self.large:
            h, w = ((-(-n // 2) - 1) * 2 + 3 - n for n in x.shape[2:])
            x = F.max_pool2d(F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2)), 3, 2)
        for s in range(self.stages):
            x = getattr(self, f'unit_{s + 1}')(x)
        return self.logit(F.relu(self.unit_last['final_bn'](x)).mean((2, 3)))


source = 'renmengye/revnet-public@5486f61, written in PyTorch'
cifar = [1, 3, 32, 32]
write('revnet.json', [
    case(
        'revnet38_cifar10',
        {},
        RevNet([32, 32, 64, 112], [3] * 3, False, False, 10),
        cifar,
        training=True,
        source=source,
    ),
    case('revnet164_cifar100', {}, RevNet([32, 32, 64, 128], [9] * 3, True, False, 100), cifar, source=source),
    case(
        'revnet56',
        {'num_classes': 10},
        RevNet([128, 128, 256, 512, 832], [2, 2, 3, 2], True, True, 10),
        [1, 3, 75, 64],
        source=source,
    ),
])
