"""Writes searched.json: python3 searched.py MOGA SCARLET_NAS IMAGE_CLASSIFICATION_SOTA DENSENAS DETNAS, copies of
xiaomi-automl/MoGA, xiaomi-automl/SCARLET-NAS, hunto/image_classification_sota, JaminFong/DenseNAS and
megvii-model/DetNAS."""
import importlib
import sys

import yaml
from reference import case, write
from torch import nn

moga, scarlet, sota, densenas, detnas = sys.argv[1:]


def module(folder, name):
    """The repositories call their modules alike."""
    for known in [key for key in sys.modules if key.split('.')[0] in ('models', 'tools', 'lib')]:
        del sys.modules[known]
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def greedynas(letter):
    with open(f'{sota}/configs/models/GreedyNAS/GreedyNAS-{letter}.yaml') as file:
        return module(f'{sota}/lib', 'models.nas_model').gen_nas_model(yaml.safe_load(file), drop_rate=0)


def densenas_net(blocks):
    """Blocks as [channels, stride, head, *stack], with K3E1 as '31'."""
    lines, channels = [], 16
    for width, stride, *layers in blocks:
        head, *stack = [f'mbconv_k{k}_t{t}' for k, t in layers]
        lines.append(f"[[{channels}, {width}], '{head}', {stack}, {len(stack)}, {stride}]")
        channels = width
    lines.append(f"[[{channels}, 1984], 'conv1_1']")
    return module(densenas, 'models.model_derived').MBV2_Net('|\n'.join(lines))


class DetNAS(nn.Module):
    """As Supernet-ImageNet/detnasnet.py, with one unit a place instead of the choice of four."""

    def __init__(self, genotype, stem, widths, last):
        super().__init__()
        blocks = module(f'{detnas}/Supernet-ImageNet', 'shuffle_blocks')
        self.first_conv = blocks.ConvBNReLU(3, stem, 3, 2, 1)
        units, channels = [], stem
        for stage, (digits, width) in enumerate(zip(genotype.split(), widths)):
            for place, digit in enumerate(digits):
                units.append(blocks.ShuffleNetV2BlockSearched(
                    f'{stage + 1}{"abcdefgh"[place]}', channels, width, 1 if place else 2, width // 2, int(digit)
                ))
                channels = width
        self.features = nn.Sequential(*units)
        self.last_conv = blocks.ConvBNReLU(channels, last, 1)
        self.fc = blocks.FC(last, 1000)

    def forward(self, x):
        return self.fc(self.last_conv(self.features(self.first_conv(x))).mean([2, 3]))


shape = [1, 3, 64, 64]
write('searched.json', [
    case('moga_c', {}, module(moga, 'models.MoGA_C').MoGaC(), shape, source='xiaomi-automl/MoGA@305588d'),
    case(
        'scarlet_b',
        {},
        module(scarlet, 'models.Scarlet_B').ScarletB(),
        shape,
        source='xiaomi-automl/SCARLET-NAS@165c9d8',
    ),
    case('greedynas_c', {}, greedynas('C'), shape, source='hunto/image_classification_sota@6f7a70a'),
    case(
        'densenas_a',
        {},
        densenas_net([
            [16, 1, '31'],
            [24, 2, '33'],
            [48, 2, '76', '73'],
            [72, 2, '56', '33', '53'],
            [128, 1, '33', '33'],
            [176, 2, '33', '36', '33', '36'],
            [384, 1, '56'],
        ]),
        shape,
        source='JaminFong/DenseNAS@e479206',
    ),
    case(
        'detnas_coco_retinanet_300m',
        {'channel_shuffle': 'interleaved'},
        DetNAS('2311 3213 31113320 3333', 16, [64, 160, 320, 640], 1024),
        shape,
        source='megvii-model/DetNAS@aa92a90, Supernet-ImageNet',
    ),
])
