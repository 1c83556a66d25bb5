"""Writes sppnet.json: the networks of SPP-Net, written from table 1 of the paper and, ZF-5, from
ShaoqingRen/SPP_net@ca96759 model-defs/Zeiler_conv5.prototxt: python3 sppnet.py
"""
import torch.nn.functional as F
from reference import case, write
from spatial_pyramid import pyramid
from torch import nn


def across(x):
    return F.local_response_norm(x, 5, 1e-4, 0.75, 2.0)


def within(x):
    squares = F.pad(x * x, (1, 1, 1, 1))
    height, width = x.shape[2:]
    total = sum(squares[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3))
    return x / (1 + 5e-5 * total / 9) ** 0.75


class SPPNet(nn.Module):
    def __init__(self, convolutions, inputs):
        super().__init__()
        self.features = nn.ModuleDict({f'conv{i + 1}': conv for i, conv in enumerate(convolutions)})
        self.fc6, self.fc7, self.fc8 = nn.Linear(inputs, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 10)

    def conv(self, index, x):
        return F.relu(self.features[f'conv{index}'](x))

    def head(self, x):
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


class ZF5(SPPNet):
    def __init__(self):
        super().__init__([
            nn.Conv2d(3, 96, 7, 2, 1), nn.Conv2d(96, 256, 5, 2), nn.Conv2d(256, 384, 3, 1, 1),
            nn.Conv2d(384, 384, 3, 1, 1), nn.Conv2d(384, 256, 3, 1, 1),
        ], 256 * 50)  # fmt: skip

    def forward(self, x):
        for i in (1, 2):
            x = F.max_pool2d(within(self.conv(i, x)), 3, 2, ceil_mode=True)
        return self.head(pyramid(self.conv(5, self.conv(4, self.conv(3, x))), [1, 2, 3, 6]))


class Convnet5(SPPNet):
    def __init__(self):
        super().__init__([
            nn.Conv2d(3, 96, 11, 4, 2), nn.Conv2d(96, 256, 5, 1, 2), nn.Conv2d(256, 384, 3, 1, 1),
            nn.Conv2d(384, 384, 3, 1, 1), nn.Conv2d(384, 256, 3, 1, 1),
        ], 256 * 50)  # fmt: skip

    def forward(self, x):
        x = across(self.conv(1, x))
        x = F.max_pool2d(across(self.conv(2, x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.conv(3, x), 3, 2, ceil_mode=True)
        return self.head(pyramid(self.conv(5, self.conv(4, x)), [1, 2, 3, 6]))


class Overfeat(SPPNet):
    def __init__(self, depth, bins):
        more = [nn.Conv2d(256 if i == 0 else 512, 512, 3, 1, 1) for i in range(depth - 2)]
        super().__init__([nn.Conv2d(3, 96, 7, 2), nn.Conv2d(96, 256, 5, 1, 2), *more], 512 * bins)
        self.depth, self.bins = depth, bins

    def forward(self, x):
        x = across(F.max_pool2d(self.conv(1, x), 3, 3))
        x = F.max_pool2d(self.conv(2, x), 2, 2)
        for i in range(3, self.depth + 1):
            x = self.conv(i, x)
        return self.head(F.max_pool2d(x, 3, 3).flatten(1) if self.bins == 36 else pyramid(x, [1, 2, 3, 6]))


ten = {'num_classes': 10}
write('sppnet.json', [
    case('sppnet_zf5', ten, ZF5(), [1, 3, 180, 224]),
    case('sppnet_convnet5', ten, Convnet5(), [1, 3, 224, 128]),
    case('sppnet_overfeat7', ten, Overfeat(7, 50), [1, 3, 128, 128]),
    case('sppnet_overfeat5_nospp', ten, Overfeat(5, 36), [1, 3, 224, 224]),
])
