"""Writes mobilenet-v3.json: torchvision's options, and variants of timm, d-li14 and pytorchcv.

python3 mobilenet-v3.py PYTORCH-IMAGE-MODELS MOBILENETV3.PYTORCH PYTORCHCV (checkouts)
"""
import sys

from reference import case, write
from torch import nn
from torchvision import models

sys.path[:0] = sys.argv[1:4]
import timm
from mobilenetv3 import mobilenetv3_small
from pytorchcv.models.mobilenetv3 import mobilenetv3_large_w1, mobilenetv3_small_w1

TIMM = 'huggingface/pytorch-image-models@aa4b585'
DLI14 = 'd-li14/mobilenetv3.pytorch@3e6938c'
PYTORCHCV = 'osmr/pytorchcv@7f31dc8'
SHAPE = [1, 3, 64, 64]


def pooled(model):
    """pytorchcv pools 7x7 pixels; smaller images have fewer."""
    model.features.final_pool = nn.AdaptiveAvgPool2d(1)
    return model


def torchvision(name, **options):
    settings, last = models.mobilenetv3._mobilenet_v3_conf(name, **options)
    return case(name, options, models.MobileNetV3(settings, last), SHAPE)


write('mobilenet-v3.json', [
    torchvision('mobilenet_v3_small', reduced_tail=True, dilated=True),
    torchvision('mobilenet_v3_large', width_mult=0.75, dilated=True),
    case('tf_mobilenetv3_large_075', {}, timm.create_model('tf_mobilenetv3_large_075'), SHAPE, source=TIMM),
    case('mobilenetv3_small_050', {}, timm.create_model('mobilenetv3_small_050'), SHAPE, source=TIMM),
    case('mobilenetv3_small', {'width_mult': 0.75}, mobilenetv3_small(width_mult=0.75), SHAPE, source=DLI14),
    case('mobilenetv3_large_w1', {}, pooled(mobilenetv3_large_w1()), SHAPE, source=PYTORCHCV),
    case('mobilenetv3_small_w1', {}, pooled(mobilenetv3_small_w1()), SHAPE, source=PYTORCHCV),
])
