"""Writes assemble-resnet.json: the network of clovaai/assembled-cnn, whose code is for TensorFlow 1, written down in PyTorch
from its nets/resnet_model.py and nets/blocks.py: python3 assemble_resnet.py
"""
import torch
from reference import case, write
from torch import nn
from torch.nn import functional as F


def conv_bn(store, conv, bn, cin, cout, k=1, s=1):
    store[conv] = nn.Conv2d(cin, cout, k, s, k // 2, bias=False)
    store[bn] = nn.BatchNorm2d(cout, momentum=0.003)


def named(items):
    return nn.ModuleDict(items)


class Block(nn.Module):
    def __init__(self, cin, f, stride, first, relu_last):
        super().__init__()
        self.stride, self.relu_last = stride, relu_last
        self.conv1 = nn.Conv2d(cin, f, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(f, momentum=0.003)
        z = max(f // 2, 32)
        sk = {}
        conv_bn(sk, 'conv', 'bn', f, 2 * f, 3)
        conv_bn(sk, 'fc1', 'bn_fc', f, z)
        sk['fc2'] = nn.Conv2d(z, 2 * f, 1, bias=False)
        self.sk = named(sk)
        self.conv3 = nn.Conv2d(f, 4 * f, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * f, momentum=0.003)
        self.downsample = None
        if first:
            down = {}
            conv_bn(down, 'conv', 'bn', cin, 4 * f)
            self.downsample = named(down)

    def select(self, x):
        y = F.relu(self.sk['bn'](self.sk['conv'](x)))
        halves = torch.stack(y.split(y.shape[1] // 2, 1))
        s = halves.sum(0).mean((2, 3), keepdim=True)
        z = F.relu(self.sk['bn_fc'](self.sk['fc1'](s)))
        a = self.sk['fc2'](z)
        a = torch.stack(a.split(a.shape[1] // 2, 1)).softmax(0)
        return (halves * a).sum(0)

    def blur(self, x):
        row = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
        kernel = (row[:, None] * row[None, :] / 16).expand(x.shape[1], 1, 3, 3)
        total = 0
        padded = F.pad(x, (1, 1, 1, 1), mode='reflect')
        h, w = (x.shape[2] + 1) // 2, (x.shape[3] + 1) // 2
        for i in range(3):
            for j in range(3):
                total = total + padded[:, :, i : i + 2 * h - 1 : 2, j : j + 2 * w - 1 : 2] * kernel[0, 0, i, j]
        return total

    def forward(self, x):
        shortcut = x
        if self.downsample is not None:
            pooled = F.avg_pool2d(x, 3, 2, 1) if self.stride == 2 else x
            shortcut = self.downsample['bn'](self.downsample['conv'](pooled))
        y = self.select(F.relu(self.bn1(self.conv1(x))))
        if self.stride == 2:
            y = self.blur(y)
        y = self.bn3(self.conv3(y)) + shortcut
        return F.relu(y) if self.relu_last else y


def stack(cin, f, n, stride, relu_last=True):
    blocks = [Block(cin, f, stride, True, True)]
    blocks += [Block(4 * f, f, 1, False, relu_last or i < n - 1) for i in range(1, n)]
    return nn.Sequential(*blocks)


class Stage(nn.Module):
    def __init__(self, cin, f, n, stride, alpha, beta):
        super().__init__()
        self.big = stack(cin, f, n - 1, 2, False)
        self.little = stack(cin, f // alpha, max(1, n // beta - 1), 1)
        little_e = {}
        conv_bn(little_e, 'conv', 'bn', f // alpha * 4, f * 4)
        self.little_e = named(little_e)
        self.merge = stack(f * 4, f, 1, stride)

    def forward(self, x):
        little = self.little_e['bn'](self.little_e['conv'](self.little(x)))
        big = self.big(x).repeat_interleave(2, 2).repeat_interleave(2, 3)
        return self.merge(F.relu(little + big))


class Assemble(nn.Module):
    def __init__(self, depths, alpha, beta, classes=1001):
        super().__init__()
        for name, bn, cin, cout, k, s in [
            ('conv1', 'bn1', 3, 64, 7, 2),
            ('b_conv0', 'bn_b0', 64, 64, 3, 2),
            ('l_conv0', 'bn_l0', 64, 64 // alpha, 3, 1),
            ('l_conv1', 'bn_l1', 64 // alpha, 64 // alpha, 3, 2),
            ('l_conv2', 'bn_l2', 64 // alpha, 64, 1, 1),
            ('bl_init', 'bn_bl_init', 64, 64, 1, 1),
        ]:
            setattr(self, name, nn.Conv2d(cin, cout, k, s, k // 2, bias=False))
            setattr(self, bn, nn.BatchNorm2d(cout, momentum=0.003))
        self.layer1 = Stage(64, 64, depths[0], 2, alpha, beta)
        self.layer2 = Stage(256, 128, depths[1], 2, alpha, beta)
        self.layer3 = Stage(512, 256, depths[2], 1, alpha, beta)
        self.layer4 = stack(1024, 512, depths[3], 2)
        self.fc = nn.Linear(2048, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        big = self.bn_b0(self.b_conv0(x))
        little = F.relu(self.bn_l0(self.l_conv0(x)))
        little = F.relu(self.bn_l1(self.l_conv1(little)))
        little = self.bn_l2(self.l_conv2(little))
        x = F.relu(self.bn_bl_init(self.bl_init(F.relu(big + little))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


source = 'clovaai/assembled-cnn@9cdc297, written in PyTorch'
write('assemble-resnet.json', [
    case('assemble_resnet50', {}, Assemble([3, 4, 6, 3], 2, 4), [1, 3, 96, 64], source=source),
    case(
        'assemble_resnet152',
        {'num_classes': 10},
        Assemble([5, 12, 30, 3], 1, 2, 10),
        [1, 3, 64, 64],
        source=source,
    ),
])
