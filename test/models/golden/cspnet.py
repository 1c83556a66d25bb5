"""Writes cspnet.json: what timm computes with options of cross-stage partial networks: python3 cspnet.py TIMM

TIMM is a checkout of huggingface/pytorch-image-models.
"""
import sys
from functools import partial

from reference import case, write
from torch import nn

sys.path.insert(0, sys.argv[1])
import timm  # noqa: E402

SOURCE = 'huggingface/pytorch-image-models@aa4b585'


def made(name, options, size, **reference):
    model = timm.create_model(name, num_classes=10, **reference)
    return case(name, {'num_classes': 10, **options}, model, [1, 3, size, size], source=SOURCE)


leaky = partial(nn.LeakyReLU, negative_slope=0.1)
write('cspnet.json', [
    made('cspresnet50', {}, 96),
    made('cspresnet50', {'output_stride': 8}, 64, output_stride=8),
    made('darknet53', {'negative_slope': 0.1, 'output_stride': 16}, 64, act_layer=leaky, output_stride=16),
])
