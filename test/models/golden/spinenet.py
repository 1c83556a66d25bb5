"""Writes spinenet.json: SpineNet for classification of tensorflow/tpu, whose code is for TensorFlow 1, written down in PyTorch
from its models/official/detection/modeling/architecture/{spinenet,nn_blocks,nn_ops}.py: python3 spinenet.py
"""
from math import ceil

from reference import case, write
from torch import nn
from torch.nn import functional as F

FILTERS = {1: 32, 2: 64, 3: 128, 4: 256, 5: 256, 6: 256, 7: 256}
SPECS = [
    (2, True, (0, 1), 0), (4, False, (0, 1), 0), (3, True, (2, 3), 0), (4, True, (2, 4), 0), (6, False, (3, 5), 0),
    (4, True, (3, 5), 0), (5, False, (6, 7), 0), (7, False, (6, 8), 0), (5, True, (8, 9), 0), (5, True, (8, 10), 0),
    (4, True, (5, 10), 1), (3, True, (4, 10), 1), (5, True, (7, 12), 1), (7, True, (5, 14), 1), (6, True, (12, 14), 1),
]


def same_pool(x, k, s):
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.max_pool2d(F.pad(x, pads, value=float('-inf')), k, s)


def conv_bn(cin, cout, k=1, s=1):
    return nn.ModuleDict({'conv': nn.Conv2d(cin, cout, k, s, k // 2, bias=False), 'bn': nn.BatchNorm2d(cout)})


class SpineNet(nn.Module):
    def __init__(self, endpoint, scale, alpha, repeats, classes, act):
        super().__init__()
        self.scale, self.alpha, self.repeats, self.act = scale, alpha, repeats, act
        f = int(FILTERS[2] * scale)
        self.stem = nn.ModuleDict({
            'conv': conv_bn(3, 64, 7, 2),
            'block1': self.group(64, f, True),
            'block2': self.group(f * 4, f, True),
        })
        shapes = [(2, f * 4, True), (2, f * 4, True)]
        for i, (level, bottleneck, parents, _) in enumerate(SPECS):
            f = int(FILTERS[level] * scale)
            out = f * 4 if bottleneck else f
            policy = nn.ModuleDict()
            for j, parent in enumerate(parents):
                policy[f'resample{j}'] = self.resample(shapes[parent], level, out)
            policy['blocks'] = self.group(out, f, bottleneck)
            setattr(self, f'sub_policy{i}', policy)
            shapes.append((level, out, bottleneck))
        for level in range(3, 8):
            setattr(self, f'endpoint_{level}', conv_bn(int(FILTERS[level] * scale) * 4, endpoint))
        self.fc = nn.Linear(endpoint, classes)

    def resample(self, parent, level, out):
        plevel, channels, bottleneck = parent
        middle = int((channels / 4 if bottleneck else channels) * self.alpha)
        layers = nn.ModuleDict({'reduce': conv_bn(channels, middle)})
        if plevel < level:
            layers['down'] = conv_bn(middle, middle, 3, 2)
        layers['expand'] = conv_bn(middle, out)
        return layers

    def group(self, cin, f, bottleneck):
        blocks = []
        for _ in range(self.repeats):
            out = f * 4 if bottleneck else f
            block = nn.ModuleDict()
            if cin != out:
                block['shortcut'] = conv_bn(cin, out)
            shapes = [(cin, f, 1), (f, f, 3), (f, out, 1)] if bottleneck else [(cin, f, 3), (f, out, 3)]
            block['layers'] = nn.ModuleList([conv_bn(*shape) for shape in shapes])
            blocks.append(block)
            cin = out
        return nn.ModuleList(blocks)

    def run(self, pair, x, act=True):
        x = pair['bn'](pair['conv'](x))
        return self.act(x) if act else x

    def run_group(self, group, x):
        for block in group:
            y = x
            for i, layer in enumerate(block['layers']):
                y = self.run(layer, y, i < len(block['layers']) - 1)
            x = self.act(y + (self.run(block['shortcut'], x, False) if 'shortcut' in block else x))
        return x

    def run_resample(self, layers, x, target):
        width = x.shape[3]
        x = self.run(layers['reduce'], x)
        if width > target:
            x = self.run(layers['down'], x)
            if width // target > 2:
                stride = 2 if width % target else width // target // 2
                x = same_pool(x, 3 if width / target <= 4 else 5, stride)
        if x.shape[3] != target:
            x = F.interpolate(x, size=(target, target))
        return self.run(layers['expand'], x, False)

    def forward(self, x):
        width = x.shape[3]
        y = same_pool(self.run(self.stem['conv'], x), 3, 2)
        first = self.run_group(self.stem['block1'], y)
        feats = [first, self.run_group(self.stem['block2'], first)]
        used, outputs = [0, 0], {}
        for i, (level, _, parents, is_output) in enumerate(SPECS):
            policy, target, y = getattr(self, f'sub_policy{i}'), ceil(width / 2**level), 0
            for j, parent in enumerate(parents):
                y = y + self.run_resample(policy[f'resample{j}'], feats[parent], target)
                used[parent] += 1
            if is_output:
                for j, feat in enumerate(feats):
                    if used[j] == 0 and feat.shape[1:] == y.shape[1:]:
                        y = y + feat
                        used[j] += 1
            feats.append(self.run_group(policy['blocks'], self.act(y)))
            used.append(0)
            if is_output:
                outputs[level] = feats[-1]
        ends = [self.run(getattr(self, f'endpoint_{level}'), outputs[level]) for level in range(3, 8)]
        total = ends[-1]
        for end in ends[-2::-1]:
            total = F.interpolate(total, size=end.shape[2:]) + end
        return self.fc((total / 5).mean((2, 3)))


source = 'tensorflow/tpu models/official/detection, written in PyTorch'
write('spinenet.json', [
    case(
        'spinenet_49s',
        {'num_classes': 10},
        SpineNet(128, 0.65, 0.5, 1, 10, F.silu),
        [1, 3, 224, 224],
        source=source,
    ),
    case(
        'spinenet_96',
        {'num_classes': 10, 'activation': 'relu'},
        SpineNet(256, 1.0, 0.5, 2, 10, F.relu),
        [1, 3, 128, 128],
        source=source,
    ),
])
