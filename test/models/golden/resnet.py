"""Writes resnet.json: ResNet's options as torchvision and the author's definition compute them: python3 resnet.py"""
import torch.nn.functional as F
from reference import case, write
from torch import nn
from torchvision import models


class CifarBlock(nn.Module):
    """Option B of akamaster/pytorch_resnet_cifar10."""

    def __init__(self, inplanes, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or inplanes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class CifarResNet(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self.stage(blocks, 16, 16, 1)
        self.layer2 = self.stage(blocks, 16, 32, 2)
        self.layer3 = self.stage(blocks, 32, 64, 2)
        self.linear = nn.Linear(64, 10)

    def stage(self, blocks, inplanes, planes, stride):
        rest = [CifarBlock(planes, planes, 1) for _ in range(blocks - 1)]
        return nn.Sequential(CifarBlock(inplanes, planes, stride), *rest)

    def forward(self, x):
        y = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.avg_pool2d(y, y.shape[3]).flatten(1))


def dilated(*dilate):
    return models.resnet50(replace_stride_with_dilation=list(dilate), num_classes=10)


write('resnet.json', [
    case('resnet20_cifar10', {'shortcut': 'B'}, CifarResNet(3), [1, 3, 32, 32]),
    case(
        'resnet50',
        {'replace_stride_with_dilation': [False, True, True], 'num_classes': 10},
        dilated(False, True, True),
        [1, 3, 64, 64],
    ),
    case(
        'resnet50',
        {'replace_stride_with_dilation': [True, False, True], 'num_classes': 10},
        dilated(True, False, True),
        [1, 3, 64, 64],
    ),
    case(
        'resnet50',
        {'groups': 4, 'width_per_group': 16, 'num_classes': 10},
        models.resnet50(groups=4, width_per_group=16, num_classes=10),
        [1, 3, 64, 64],
    ),
])
