"""Writes efficientnet.json: what timm and lukemelas/EfficientNet-PyTorch compute where no other golden case looks.

python3 efficientnet.py PYTORCH-IMAGE-MODELS EFFICIENTNET-PYTORCH (checkouts of both)
"""
import sys

from reference import case, write

sys.path[:0] = sys.argv[1:3]
import timm
from efficientnet_pytorch import EfficientNet

TIMM = 'huggingface/pytorch-image-models@aa4b585'
LUKEMELAS = 'lukemelas/EfficientNet-PyTorch@7e8b0d3'


def lukemelas(name, shape, **options):
    renamed = {**options, 'in_channels': shape[1]} if shape[1] != 3 else options
    return case(name, renamed, EfficientNet.from_name(name, **renamed), shape, source=LUKEMELAS)


write('efficientnet.json', [
    # Odd sizes, where TensorFlow's padding is symmetric at one stride and not at the next.
    case('tf_efficientnet_b1', {}, timm.create_model('tf_efficientnet_b1'), [1, 3, 75, 61], source=TIMM),
    case(
        'tf_efficientnet_b0',
        {'output_stride': 8, 'num_classes': 10},
        timm.create_model('tf_efficientnet_b0', output_stride=8, num_classes=10),
        [1, 3, 64, 64],
        source=TIMM,
    ),
    lukemelas('efficientnet-b1', [1, 3, 75, 61], image_size=None, num_classes=10),
    lukemelas('efficientnet-b0', [1, 5, 64, 64], image_size=75, width_coefficient=0.6, depth_coefficient=0.9),
])
