"""Writes alexnet.json: AlexNet of 2012 as Caffe and pytorchcv (osmr/pytorchcv@7f31dc8) compute it:

    python3 alexnet.py PATH/TO/PYTORCHCV
"""
import sys

import torch.nn.functional as F
from reference import case, write
from torch import nn

sys.path.insert(0, sys.argv[1])
from pytorchcv.models.alexnet import alexnet  # noqa: E402

CONVOLUTIONS = {'stage1.unit1': 0, 'stage2.unit1': 4, 'stage3.unit1': 8, 'stage3.unit2': 10, 'stage3.unit3': 12}
LINEAR = {'fc1.fc': 1, 'fc2.fc': 4, 'fc3': 6}


def renamed(key):
    part, name, last = key.split('.', 1)[0], key.split('.', 1)[1].rsplit('.', 1)[0], key.rsplit('.', 1)[1]
    if part == 'features':
        return f"net.{CONVOLUTIONS[name.removesuffix('.conv')]}.{last}"
    return f'classifier.{LINEAR[name]}.{last}'


class Caffe(nn.Module):
    """bvlc_alexnet.prototxt, or with `pool_first` bvlc_reference_caffenet.prototxt."""

    def __init__(self, pool_first):
        super().__init__()
        self.pool_first = pool_first
        self.conv1 = nn.Conv2d(3, 96, 11, 4)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.fc6, self.fc7, self.fc8 = nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 10)

    def shrink(self, x):
        def norm(y):
            return F.local_response_norm(y, 5, 1e-4, 0.75, 1.0)

        def pool(y):
            return F.max_pool2d(y, 3, 2, ceil_mode=True)

        return norm(pool(x)) if self.pool_first else pool(norm(x))

    def forward(self, x):
        x = self.shrink(F.relu(self.conv1(x)))
        x = self.shrink(F.relu(self.conv2(x)))
        x = F.relu(self.conv5(F.relu(self.conv4(F.relu(self.conv3(x))))))
        x = F.max_pool2d(x, 3, 2, ceil_mode=True).flatten(1)
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(x)))))


CAFFE = {
    'conv1': 'net.0', 'conv2': 'net.4', 'conv3': 'net.8', 'conv4': 'net.10', 'conv5': 'net.12',
    'fc6': 'classifier.1', 'fc7': 'classifier.4', 'fc8': 'classifier.6',
}  # fmt: skip


def caffe_renamed(key):
    layer, last = key.split('.')
    return f'{CAFFE[layer]}.{last}'


write('alexnet.json', [
    case(
        'alexnet_2012_one_tower', {'ceil_mode': True}, alexnet(), [1, 3, 224, 224],
        renamed=renamed, source='osmr/pytorchcv@7f31dc8',
    ),
    case(
        'alexnet_2012', {'response_bias': 1, 'num_classes': 10}, Caffe(False), [1, 3, 227, 227], renamed=caffe_renamed
    ),
    case(
        'alexnet_2012', {'response_bias': 1, 'pool_first': True, 'num_classes': 10}, Caffe(True), [1, 3, 227, 227],
        renamed=caffe_renamed,
    ),
])  # fmt: skip
