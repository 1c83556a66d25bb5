"""Writes darknet19.json: Darknet's small classifiers as pytorchcv computes them: python3 darknet19.py PYTORCHCV

PYTORCHCV is a checkout of osmr/pytorchcv.
"""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
from pytorchcv.models.darknet import DarkNet, darknet_ref, darknet_tiny  # noqa: E402

SOURCE = 'osmr/pytorchcv@7f31dc8'
REF = [[16], [32], [64], [128], [256], [512], [1024]]

write('darknet19.json', [
    case('darknet_tiny', {}, darknet_tiny(), [1, 3, 224, 224], source=SOURCE),
    case('darknet_ref', {}, darknet_ref(), [1, 3, 224, 224], source=SOURCE, training=True),
    case(
        'darknet_ref',
        {'negative_slope': 0.2, 'num_classes': 10},
        DarkNet(REF, odd_pointwise=False, avg_pool_size=2, cls_activ=True, alpha=0.2, num_classes=10),
        [1, 3, 128, 128],
        source=SOURCE,
    ),
])
