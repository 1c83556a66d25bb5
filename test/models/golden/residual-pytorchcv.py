"""Writes residual-pytorchcv.json: PyramidNets and WRN-50-2 as pytorchcv and the PyramidNet paper define them.

python3 residual-pytorchcv.py DIRECTORY, which holds pytorchcv (osmr/pytorchcv).
"""
import sys

from reference import case, write
from torch import nn

sys.path.insert(0, sys.argv[1])
from pytorchcv.models.pyramidnet_cifar import CIFARPyramidNet, pyramidnet164_a270_bn_cifar10
from pytorchcv.models.wrn import wrn50_2

SOURCE = 'osmr/pytorchcv@7f31dc8'


def any_size(model):
    model.features.final_pool = nn.AdaptiveAvgPool2d(1)
    return model


def multiplicative(units, alpha):
    """Equation 3 of arXiv 1610.02915, over the units of pytorchcv: every unit widens by the same factor."""
    total, width, channels = 3 * units, 16.0, []
    for _ in range(total):
        width *= alpha ** (1 / total)
        channels.append(int(width + 0.5))
    stages = [channels[i * units:(i + 1) * units] for i in range(3)]
    return CIFARPyramidNet(channels=stages, init_block_channels=16, bottleneck=False)


write('residual-pytorchcv.json', [
    case('pyramidnet164_a270_bn_cifar10', {}, any_size(pyramidnet164_a270_bn_cifar10()), [1, 3, 16, 20], source=SOURCE),
    case('pyramidnet110_mul_a4.75_cifar10', {}, any_size(multiplicative(18, 4.75)), [1, 3, 18, 13], source=SOURCE),
    case('wrn50_2', {'num_classes': 10}, any_size(wrn50_2(num_classes=10)), [1, 3, 64, 64], source=SOURCE),
])
