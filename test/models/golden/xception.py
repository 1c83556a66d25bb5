"""Writes xception.json: timm's Xception with what Keras has otherwise: python3 xception.py SITE_PACKAGES_WITH_TIMM"""
import sys

sys.path.insert(0, sys.argv[1])
import torch
import torch.nn.functional as F
from reference import case, write
from timm.models.xception import Xception
from torch import nn


class SamePool(nn.Module):
    def forward(self, x):
        totals = [max((-(-size // 2) - 1) * 2 + 3 - size, 0) for size in (x.shape[3], x.shape[2])]
        amounts = [part for total in totals for part in (total // 2, total - total // 2)]
        return F.max_pool2d(F.pad(x, amounts, value=float('-inf')), 3, 2)


class Pooled(nn.Module):
    """Without the classifier."""

    def __init__(self, model, pooling):
        super().__init__()
        del model.fc
        self.__dict__['pooling'] = pooling
        self._modules = model._modules
        self.__dict__['body'] = model

    def forward(self, x):
        y = self.body.forward_features(x)
        return {'avg': lambda: y.mean((2, 3)), 'max': lambda: torch.amax(y, (2, 3)), None: lambda: y}[self.pooling]()


def keras():
    model = Xception(num_classes=10)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3
        if hasattr(module, 'rep') and isinstance(module.rep[-1], nn.MaxPool2d):
            module.rep[-1] = SamePool()
    return model


write(
    'xception.json',
    [
        case('legacy_xception', {'num_classes': 10, 'keras': True}, keras(), [1, 3, 77, 94], source='timm 1.0.29'),
        case(
            'legacy_xception',
            {'include_top': False, 'pooling': 'max'},
            Pooled(Xception(num_classes=10), 'max'),
            [1, 3, 71, 80],
            source='timm 1.0.29',
        ),
    ],
)
