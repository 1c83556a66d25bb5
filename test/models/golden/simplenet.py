"""Writes simplenet.json: SimpleNet's options as the authors' code (Coderx7/SimpleNet_Pytorch@4334c57) computes them, and its
Caffe networks written from the definitions (Coderx7/SimpleNet@1716d0f):

    python3 simplenet.py PATH/TO/simplenet.py
"""
import importlib.util
import sys

import torch.nn.functional as F
from reference import case, write
from torch import nn

spec = importlib.util.spec_from_file_location('simplenet', sys.argv[1])
simplenet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(simplenet)


class Caffe(nn.Module):
    LAYERS = 'conv1 conv1_0 conv2 conv2_1 P conv2_2 conv3 conv4 conv4_1 conv4_2 P conv4_0 cccp4 cccp5 P cccp6 P'.split()

    def __init__(self, channels, *widths, kernels):
        super().__init__()
        sizes = iter(zip(widths, [3] * 10 + kernels))
        layers = {}
        for name in self.LAYERS:
            if name == 'P':
                continue
            width, kernel = next(sizes)
            layers[name] = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
            channels = width
            if name.startswith('conv'):
                layers[name.replace('conv', 'bn')] = nn.BatchNorm2d(width, momentum=0.05)
        self.features = nn.ModuleDict(layers)
        self.ip1 = nn.Linear(channels, 10)

    def forward(self, x):
        for name in self.LAYERS:
            if name == 'P':
                x = F.max_pool2d(x, 2, 2, ceil_mode=True)
                continue
            x = self.features[name](x)
            if name == 'conv4':
                x = F.max_pool2d(x, 2, 2, ceil_mode=True)
            if name.startswith('conv'):
                x = self.features[name.replace('conv', 'bn')](x)
            x = F.relu(x)
        return self.ip1(x.flatten(1))


mnist = Caffe(1, 32, 32, 32, 32, 50, 64, 64, 64, 64, 64, 64, 64, 100, kernels=[3, 3, 1])
svhn = Caffe(3, 64, 32, 32, 32, 32, 32, 64, 64, 64, 128, 256, 64, 64, kernels=[1, 1, 3])
authors = {'source': 'Coderx7/SimpleNet_Pytorch@4334c57'}
small = simplenet.simplenetv1_small_m1_05(num_classes=10)
fourth = simplenet.simplenet(network_idx=1, mode=4, scale=0.25, num_classes=10, drop_rates={3: 0.1, 15: 0.2})
extra = simplenet.simplenet_cifar_5m_extra_pool(num_classes=10, drop_rates={2: 0.1, 3: 0.1})

write('simplenet.json', [
    case('simplenetv1_small_m1_05', {'num_classes': 10}, small, [1, 3, 64, 64], **authors),
    case('simplenetv1_9m_m2', {'mode': 4, 'scale': 0.25, 'num_classes': 10}, fourth, [1, 3, 64, 64], **authors),
    case(
        'simplenet_cifar_5m_extra_pool', {'drop_rates': {'2': 0.1, '3': 0.1}}, extra, [1, 3, 32, 32], **authors
    ),
    case('simplenet_caffe_slim_mnist_ckpt', {}, mnist, [1, 1, 28, 28]),
    case('simplenet_caffe_slim310k_svhn', {}, svhn, [1, 3, 32, 32]),
])
