"""Writes lenet.json: LeNet-5 of 1998 and the classic activations, written from the paper alone: python3 lenet.py"""
import torch
import torch.nn.functional as F
from reference import case, write
from torch import nn

# Table I of the paper, one row for each map of S2: X where the map of C3 sees it.
TABLE = [
    'X...XXX..XXXX.XX',
    'XX...XXX..XXXX.X',
    'XXX...XXX..X.XXX',
    '.XXX..XXXX..X.XX',
    '..XXX..XXXX.XX.X',
    '...XXX..XXXX.XXX',
]


def squash(x):
    return 1.7159 * torch.tanh(2 / 3 * x)


class Subsample(nn.Module):
    def __init__(self, maps):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(maps))
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x):
        return 4 * F.avg_pool2d(x, 2) * self.weight.view(-1, 1, 1) + self.bias.view(-1, 1, 1)


class Run(nn.Module):
    def __init__(self, maps, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(maps, inputs, 5, 5))
        self.bias = nn.Parameter(torch.zeros(maps))


class C3(nn.Module):
    """A dense kernel with zeros where there is no connection."""

    def __init__(self):
        super().__init__()
        self.run0, self.run1, self.run2 = Run(6, 3), Run(9, 4), Run(1, 6)

    def forward(self, x):
        kernels = [kernel for run in (self.run0, self.run1, self.run2) for kernel in run.weight]
        dense = []
        for column, kernel in enumerate(kernels):
            kept = iter(kernel)
            dense.append(torch.stack([next(kept) if row[column] == 'X' else torch.zeros(5, 5) for row in TABLE]))
        bias = torch.cat([self.run0.bias, self.run1.bias, self.run2.bias])
        return F.conv2d(x, torch.stack(dense), bias)


class Output(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('codes', torch.zeros(10, 84))

    def forward(self, x):
        return -torch.cdist(x[None], self.codes[None])[0] ** 2


class LeNet1998(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = Subsample(6)
        self.c3 = C3()
        self.s4 = Subsample(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = Output()

    def forward(self, x):
        for layer in (self.c1, self.s2, self.c3, self.s4, self.c5):
            x = squash(layer(x))
        return self.output(squash(self.f6(x.flatten(1))))


class Classic(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x.flatten(1))))))


original = case('lenet5_1998', {}, LeNet1998(), [1, 1, 32, 32])
# The table's convolution is no module of its own: 100 positions of 60 kernels of 5x5.
original['macs'] += 100 * 60 * 25
write('lenet.json', [
    original,
    case('lenet5', {'activation': 'tanh', 'pooling': 'average'}, Classic(), [1, 1, 32, 32]),
])
