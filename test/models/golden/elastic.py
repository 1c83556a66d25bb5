"""Writes elastic.json: what the shared golden files leave out of allenai/elastic: python3 elastic.py FOLDER, that repository."""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
from models import densenet, resnext  # noqa: E402

SOURCE = 'allenai/elastic@57345c600c63fbde163c41929d6d6dd894d408ce'


def small_densenet():
    model = densenet.DenseNet(
        growth_rate=8,
        block_config=(2, 3, 2, 2),
        num_init_features=16,
        bn_size=2,
        num_classes=10,
        efficient=False,
        elastic=True,
    )
    # The last maps of images of 128 pixels.
    model.avgpool_size = 4
    return model


OPTIONS = {
    'growth_rate': 8,
    'block_config': [2, 3, 2, 2],
    'num_init_features': 16,
    'bn_size': 2,
    'num_classes': 10,
    'memory_efficient': True,
}

write('elastic.json', [
    case('densenet201_elastic', OPTIONS, small_densenet(), [1, 3, 128, 128], training=True, source=SOURCE),
    case(
        'resnext50_two_branch',
        {'num_classes': 10},
        resnext.resnext50(num_classes=10),
        [1, 3, 64, 64],
        source=SOURCE,
    ),
    case(
        'se_resnext50_two_branch',
        {'num_classes': 10},
        resnext.se_resnext50(num_classes=10),
        [1, 3, 50, 64],
        source=SOURCE,
    ),
])
