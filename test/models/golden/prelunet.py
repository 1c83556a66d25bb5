"""Writes prelunet.json: PReLU-Net A and B, written from the paper's table 3: python3 prelunet.py"""
from reference import case, write
from spatial_pyramid import pyramid
from torch import nn


class PReLUNet(nn.Module):
    def __init__(self, depth, prelu):
        super().__init__()

        def act(width):
            return nn.PReLU(width) if prelu else nn.ReLU()

        layers, channels = [nn.Conv2d(3, 96, 7, 2, 3), act(96)], 96
        for width in (256, 512, 512):
            layers.append(nn.MaxPool2d(2))
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width, 3, 1, 1), act(width)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels * 63, 4096), act(4096), nn.Identity(),
            nn.Linear(4096, 4096), act(4096), nn.Identity(), nn.Linear(4096, 10),
        )  # fmt: skip

    def forward(self, x):
        return self.classifier(pyramid(self.features(x), [7, 3, 2, 1]))


write('prelunet.json', [
    case('prelunet_a', {'num_classes': 10}, PReLUNet(5, True), [1, 3, 112, 112]),
    case('prelunet_b', {'num_classes': 10, 'activation': 'relu'}, PReLUNet(6, False), [1, 3, 48, 64]),
])
