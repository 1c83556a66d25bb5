"""Writes single-path-nas.json: pytorchcv's network: python3 single-path-nas.py PYTORCHCV"""
import sys

from reference import case, write
from torch import nn

sys.path.insert(0, sys.argv[1])
from pytorchcv.models.spnasnet import spnasnet

model = spnasnet()
# Images of 64 pixels leave fewer than the 7x7 that it pools.
model.features.final_pool = nn.AdaptiveAvgPool2d(1)
write('single-path-nas.json', [case('spnasnet', {}, model, [1, 3, 64, 64], source='osmr/pytorchcv@7f31dc8')])
