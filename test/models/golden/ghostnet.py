"""Writes ghostnet.json: timm's widths and pytorchcv's network: python3 ghostnet.py PYTORCH-IMAGE-MODELS PYTORCHCV"""
import sys

from reference import case, write
from torch import nn

sys.path[:0] = sys.argv[1:3]
import timm
from pytorchcv.models.ghostnet import ghostnet

TIMM = 'huggingface/pytorch-image-models@aa4b585'
model = ghostnet()
# Images of 64 pixels leave fewer than the 7x7 that it pools.
model.features.final_pool = nn.AdaptiveAvgPool2d(1)
write('ghostnet.json', [
    case('ghostnet_050', {}, timm.create_model('ghostnet_050'), [1, 3, 64, 64], source=TIMM),
    case('ghostnet_130', {}, timm.create_model('ghostnet_130'), [1, 3, 64, 64], source=TIMM),
    case('ghostnet_pytorchcv', {}, model, [1, 3, 64, 64], source='osmr/pytorchcv@7f31dc8'),
])
