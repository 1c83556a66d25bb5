"""Writes eca-net.json: python3 eca-net.py DIRECTORY, which holds BangguWu/ECANet."""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
from models.eca_mobilenetv2 import eca_mobilenet_v2
from models.eca_resnet import eca_resnet18

SOURCE = 'BangguWu/ECANet@b332f6b'

write('eca-net.json', [
    case(
        'eca_resnet18',
        {'k_size': [3, 5, 7, 7], 'num_classes': 10},
        eca_resnet18(k_size=[3, 5, 7, 7], num_classes=10),
        [1, 3, 64, 64],
        source=SOURCE,
    ),
    case(
        'eca_mobilenet_v2',
        {'width_mult': 0.5, 'num_classes': 10},
        eca_mobilenet_v2(width_mult=0.5, num_classes=10),
        [1, 3, 64, 64],
        source=SOURCE,
    ),
])
