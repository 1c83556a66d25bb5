"""Writes densenet.json: DenseNet's options, its CIFAR forms and CheXNet, as torchvision and pytorchcv compute them:

python3 densenet.py FOLDER-OF-PYTORCHCV, where the folder holds the package of osmr/pytorchcv.
"""
import sys

from reference import case, write
from torch import nn
from torchvision import models

sys.path.insert(0, sys.argv[1])
from pytorchcv.models import densenet_cifar as cifar  # noqa: E402


def small(**options):
    settings = {'growth_rate': 8, 'block_config': (2, 3, 2, 2), 'num_init_features': 16, 'bn_size': 2}
    return models.DenseNet(**settings, num_classes=10, **options)


def plain(depth, growth_rate, compression, stem):
    """The paper's plain networks, of pytorchcv's layers: its own keep half of the channels in transitions."""
    channels, current = [], stem
    for stage in range(3):
        current = int(current * compression) if stage else current
        channels.append([current + (i + 1) * growth_rate for i in range((depth - 4) // 3)])
        current = channels[-1][-1]
    net = cifar.CIFARDenseNet(channels=channels, init_block_channels=stem, bottleneck=False)
    for stage in (2, 3):
        before = channels[stage - 2][-1]
        current = int(before * compression)
        modules = nn.Sequential()
        modules.add_module(f'trans{stage}', cifar.TransitionBlock(in_channels=before, out_channels=current))
        for j, after in enumerate(channels[stage - 1]):
            unit = cifar.DenseSimpleUnit(in_channels=current, out_channels=after, dropout_rate=0)
            modules.add_module(f'unit{j + 1}', unit)
            current = after
        setattr(net.features, f'stage{stage}', modules)
    return net


def chexnet():
    model = models.densenet121()
    model.classifier = nn.Sequential(nn.Linear(1024, 14), nn.Sigmoid())
    return model


OPTIONS = {
    'growth_rate': 8,
    'block_config': [2, 3, 2, 2],
    'num_init_features': 16,
    'bn_size': 2,
    'num_classes': 10,
}
PYTORCHCV = 'osmr/pytorchcv@7f31dc8fe521e99012ac863a946e10a314118c16'

write('densenet.json', [
    case('densenet121', {**OPTIONS, 'memory_efficient': True}, small(), [1, 3, 128, 128], training=True),
    case('chexnet_densenet121', {}, chexnet(), [1, 3, 64, 64], source='arnoweng/CheXNet model.py: torchvision with a sigmoid'),
    case(
        'densenet100_k12_bc_cifar10',
        {'growth_rate': 8},
        cifar.get_densenet_cifar(num_classes=10, blocks=100, growth_rate=8, bottleneck=True),
        [1, 3, 32, 32],
        source=PYTORCHCV,
    ),
    case(
        'densenet40_k12_cifar10',
        {'compression': 0.5, 'num_init_features': 24},
        cifar.densenet40_k12_cifar10(),
        [1, 3, 32, 32],
        source=PYTORCHCV,
    ),
    case('densenet40_k12_cifar10', {}, plain(40, 12, 1, 16), [1, 3, 32, 32], source=PYTORCHCV),
])
