"""Writes squeezenext.json: python3 squeezenext.py SQUEEZENEXT, a copy of amirgholami/SqueezeNext, whose Caffe definitions are
built and run here layer by layer."""
import re
import sys

import torch.nn.functional as F
from reference import case, write
from torch import nn


def layers_of(path):
    with open(path) as file:
        parts = re.split(r'\blayer\s*\{', file.read())[1:]
    for part in parts:
        yield lambda key, text=part: re.findall(rf'\b{key}\s*:\s*"?([\w./-]+)"?', text)


def names(blocks, shortcut_first):
    """Our names of the convolutions: a projected shortcut comes first in the files, last in our state dict."""
    yield 'features.init_block.conv'
    for stage, count in enumerate(blocks):
        for unit in range(count):
            inner = [f'conv{i}' for i in range(1, 6)]
            shortcut = ['identity_conv'] if unit == 0 else []
            for name in shortcut + inner if shortcut_first else inner + shortcut:
                yield f'features.stage{stage + 1}.unit{unit + 1}.{name}'
    yield 'features.final_block'


def place(parent, path, module):
    for part in path[:-1]:
        if not hasattr(parent, part):
            parent.add_module(part, nn.Module())
        parent = getattr(parent, part)
    parent.add_module(path[-1], module)


class CaffeNet(nn.Module):
    def __init__(self, path, blocks):
        super().__init__()
        self.steps = []
        named, convolutions = {}, names(blocks, True)
        channels = {'data': 3}
        for get in layers_of(path):
            # Fillers have types too, after the layer's own.
            kind, bottoms, tops = get('type')[0], get('bottom'), get('top')
            module = None
            if kind in ('Data', 'SoftmaxWithLoss', 'Accuracy', 'BatchNorm'):
                continue
            if kind == 'Convolution':
                height = int((get('kernel_size') or get('kernel_h'))[0])
                width = int((get('kernel_size') or get('kernel_w'))[0])
                padding = [int((get('pad') or get(key))[0]) for key in ('pad_h', 'pad_w')]
                out, stride, groups = (int(get(key)[0]) for key in ('num_output', 'stride', 'group'))
                module = nn.Conv2d(
                    channels[bottoms[0]], out, (height, width), stride, padding, groups=groups, bias=False
                )
                channels[tops[0]] = out
                current = next(convolutions)
                named[f'{current}.conv'] = module
            elif kind == 'Scale':
                # Caffe's BatchNorm normalizes, the Scale after it has the weight and the bias.
                module = nn.BatchNorm2d(channels[bottoms[0]])
                named[f'{current}.bn'] = module
            elif kind == 'InnerProduct':
                module = nn.Linear(channels[bottoms[0]], int(get('num_output')[0]), bias=False)
                named['output'] = module
            channels[tops[0]] = channels.get(tops[0], channels[bottoms[0]])
            self.steps.append((kind, module, bottoms, tops[0], bool(get('global_pooling'))))
        for name in names(blocks, False):
            place(self, f'{name}.conv'.split('.'), named[f'{name}.conv'])
            place(self, f'{name}.bn'.split('.'), named[f'{name}.bn'])
        self.output = named['output']

    def forward(self, x):
        values = {'data': x}
        for kind, module, bottoms, top, everywhere in self.steps:
            inputs = [values[bottom] for bottom in bottoms]
            if module is not None:
                values[top] = module(inputs[0])
            elif kind == 'ReLU':
                values[top] = F.relu(inputs[0])
            elif kind == 'Eltwise':
                values[top] = inputs[0] + inputs[1]
            elif everywhere:
                values[top] = inputs[0].mean([2, 3])
            else:
                values[top] = F.max_pool2d(inputs[0], 3, 2, ceil_mode=True)
        return values['fc1000']


def net(name, blocks):
    return CaffeNet(f'{sys.argv[1]}/{name}/train_val.prototxt', blocks)


plain, fifth, shape = [6, 6, 8, 1], [2, 4, 14, 1], [1, 3, 64, 64]
source = {'source': 'amirgholami/SqueezeNext@2dd29a9'}
write('squeezenext.json', [
    case('sqnxt23_w1_caffe', {}, net('1.0-SqNxt-23', plain), shape, **source),
    case('sqnxt23_w1_g2_caffe', {}, net('1.0-G-SqNxt-23', plain), shape, **source),
    case('sqnxt23v5_w2_caffe', {}, net('2.0-SqNxt-23v5', fifth), shape, **source),
])
