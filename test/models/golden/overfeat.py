"""Writes overfeat.json: OverFeat's two networks, written from its run-time library's layers: python3 overfeat.py

(sermanet/OverFeat@cdd9b5f src/overfeat.cpp holds the sizes; its softmax is left out.)
"""
from collections import OrderedDict

import torch.nn.functional as F
from reference import case, write
from torch import nn


class OverFeat(nn.Module):
    """`body` and `head` are rows of output channels, kernel, stride, padding and the pool that follows, if any."""

    def __init__(self, body, head):
        super().__init__()
        self.body, self.head, channels = body, head, 3
        for part, rows in (('features', body), ('classifier', head)):
            layers, index = OrderedDict(), 0
            for out, kernel, stride, padding, pool in rows:
                layers[str(index)] = nn.Conv2d(channels, out, kernel, stride, padding)
                index += 3 if part == 'classifier' or pool else 2
                channels = out
            setattr(self, part, nn.ModuleDict(layers))

    def forward(self, x):
        for row, layer in zip(self.body, self.features.values()):
            x = F.relu(layer(x))
            x = F.max_pool2d(x, row[4], row[4]) if row[4] else x
        *hidden, last = self.classifier.values()
        for layer in hidden:
            x = F.relu(layer(x))
        return last(x).flatten(2).max(2).values


def fast():
    body = [(96, 11, 4, 0, 2), (256, 5, 1, 0, 2), (512, 3, 1, 1, 0), (1024, 3, 1, 1, 0), (1024, 3, 1, 1, 2)]
    return OverFeat(body, [(3072, 6, 1, 0, 0), (4096, 1, 1, 0, 0), (1000, 1, 1, 0, 0)])


def accurate():
    body = [
        (96, 7, 2, 0, 3), (256, 7, 1, 0, 2), (512, 3, 1, 1, 0), (512, 3, 1, 1, 0), (1024, 3, 1, 1, 0), (1024, 3, 1, 1, 3),
    ]  # fmt: skip
    return OverFeat(body, [(4096, 5, 1, 0, 0), (4096, 1, 1, 0, 0), (1000, 1, 1, 0, 0)])


write('overfeat.json', [
    case('overfeat_fast', {}, fast(), [1, 3, 263, 263]),
    case('overfeat_accurate', {}, accurate(), [1, 3, 221, 221]),
])
