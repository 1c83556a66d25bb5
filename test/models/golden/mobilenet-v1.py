"""Writes mobilenet-v1.json: what timm and pytorchcv compute, and TensorFlow's and Keras' forms written out anew.

python3 mobilenet-v1.py PYTORCH-IMAGE-MODELS PYTORCHCV (checkouts of both)
"""
import sys

import torch.nn.functional as F
from reference import case, write
from torch import nn

sys.path[:0] = sys.argv[1:3]
import timm
from pytorchcv.models.mobilenet import MobileNet, mobilenet_wd4

TIMM = 'huggingface/pytorch-image-models@aa4b585'
PYTORCHCV = 'osmr/pytorchcv@7f31dc8'


class Padded(nn.Conv2d):
    """A 3x3 convolution that pads before it: `rule` maps a side and the stride to the pixels before and after."""

    def __init__(self, old, rule):
        super().__init__(
            old.in_channels, old.out_channels, 3, old.stride, 0, groups=old.groups, bias=old.bias is not None
        )
        self.rule = rule

    def forward(self, x):
        top, bottom = self.rule(x.shape[2], self.stride[0])
        left, right = self.rule(x.shape[3], self.stride[0])
        return super().forward(F.pad(x, (left, right, top, bottom)))


def keras(side, stride):
    return (0, 1) if stride == 2 else (1, 1)


def tensorflow(side, stride):
    total = max((-(-side // stride) - 1) * stride + 3 - side, 0)
    return total // 2, total - total // 2


def changed(model, rule):
    """TensorFlow's family: its padding, ReLU6 and the epsilon of 0.001."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d) and child.kernel_size == (3, 3):
                setattr(module, name, Padded(child, rule))
            elif isinstance(child, nn.ReLU):
                setattr(module, name, nn.ReLU6())
            elif isinstance(child, nn.BatchNorm2d):
                child.eps = 1e-3
    return model


def pooled(model):
    """pytorchcv pools 7x7 pixels; smaller images have fewer."""
    model.features.final_pool = nn.AdaptiveAvgPool2d(1)
    return model


def simplified():
    channels = [[8], [16], [32, 32], [64, 64], [128] * 6, [256, 256]]
    return MobileNet(channels, False, dw_use_bn=False, dw_activation=None)


STYLE = {'activation': 'relu6', 'norm_eps': 1e-3}
write('mobilenet-v1.json', [
    case('mobilenet_wd4', {'dws_simplified': True}, pooled(simplified()), [1, 3, 64, 64], source=PYTORCHCV),
    case(
        'mobilenet_wd4',
        {**STYLE, 'padding': 'keras'},
        changed(pooled(mobilenet_wd4()), keras),
        [1, 3, 75, 61],
        note='Keras pads (0, 1) before every convolution of stride 2',
    ),
    case(
        'mobilenet_wd4',
        {**STYLE, 'padding': 'sameTensorFlow', 'num_classes': 1001},
        changed(pooled(mobilenet_wd4(num_classes=1001)), tensorflow),
        [1, 3, 75, 61],
    ),
    case('mobilenetv1_100h', {}, timm.create_model('mobilenetv1_100h'), [1, 3, 64, 64], source=TIMM),
    case('mobilenetv1_125', {}, timm.create_model('mobilenetv1_125'), [1, 3, 64, 64], source=TIMM),
])
