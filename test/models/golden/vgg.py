"""Writes vgg.json: VGG's configuration C, and batch normalization after convolutions without bias as pytorchcv
(osmr/pytorchcv@7f31dc8) has it: python3 vgg.py PATH/TO/PYTORCHCV
"""
import sys

from reference import case, write
from torchvision.models.vgg import VGG
from torch import nn

sys.path.insert(0, sys.argv[1])
from pytorchcv.models.vgg import bn_vgg11  # noqa: E402


def configuration_c():
    layers, channels = [], 3
    for width, kernels in [(64, '33'), (128, '33'), (256, '331'), (512, '331'), (512, '331')]:
        for kernel in map(int, kernels):
            layers += [nn.Conv2d(channels, width, kernel, padding=kernel // 2), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    return VGG(nn.Sequential(*layers), num_classes=10)


PLACES = {(1, 1): 0, (2, 1): 4, (3, 1): 8, (3, 2): 11, (4, 1): 15, (4, 2): 18, (5, 1): 22, (5, 2): 25}


def renamed(key):
    parts = key.split('.')
    if parts[0] == 'output':
        return f"classifier.{dict(fc1=0, fc2=3, fc3=6)[parts[1]]}.{parts[-1]}"
    place = PLACES[int(parts[1][-1]), int(parts[2][-1])]
    return f"features.{place + (parts[3] == 'bn')}.{parts[-1]}"


write('vgg.json', [
    case('vgg16_c', {'num_classes': 10}, configuration_c(), [1, 3, 64, 64]),
    case(
        'vgg11_bn', {'conv_bias': False}, bn_vgg11(), [1, 3, 224, 224],
        renamed=renamed, source='osmr/pytorchcv@7f31dc8',
    ),
])  # fmt: skip
