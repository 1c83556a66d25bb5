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


class Projected(nn.Module):
    """A bottleneck of stride 1 whose shortcut is always projected."""

    def __init__(self, inplanes, planes):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.downsample = nn.Sequential(nn.Conv2d(inplanes, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet50For32(nn.Module):
    """ResNet-50 for images of 32x32 as it is taught: an unpadded stem, no strides in the stages."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inplanes = 64
        for i, depth in enumerate([3, 4, 6, 3]):
            planes = 64 * 2**i
            blocks = [Projected(inplanes if j == 0 else 4 * planes, planes) for j in range(depth)]
            setattr(self, f'layer{i + 1}', nn.Sequential(*blocks))
            inplanes = 4 * planes
        self.fc = nn.Linear(inplanes, 10)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        # 'same' padding: as many windows as half the pixels, the odd one of the padding on the far side.
        after = [max((-(-size // 2) - 1) * 2 + 3 - size, 0) for size in y.shape[2:]]
        sides = [after[1] // 2, after[1] - after[1] // 2, after[0] // 2, after[0] - after[0] // 2]
        y = F.max_pool2d(F.pad(y, sides, value=float('-inf')), 3, 2)
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        return self.fc(y.mean((2, 3)))


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
    case('resnet50_32', {}, ResNet50For32(), [1, 3, 32, 32]),
])
