"""Writes fractalnet.json: FractalNet as pytorchcv (osmr/pytorchcv@7f31dc8) and as what the authors' generator
(gustavla/fractalnet@7d07da6 generation/fractalnet.py) prints define it:

    python3 fractalnet.py PATH/TO/PYTORCHCV PATH/TO/fractalnet.py
"""
import pathlib
import re
import subprocess
import sys

import torch.nn.functional as F
from reference import case, write
from torch import nn

sys.path.insert(0, sys.argv[1])
from pytorchcv.models.fractalnet_cifar import CIFARFractalNet  # noqa: E402


def definition(**settings):
    """The generator's lines, each split into words, with other settings."""
    source = pathlib.Path(sys.argv[2]).read_text()
    for name, value in settings.items():
        source = re.sub(rf'^{name} = .*$', f'{name} = {value}', source, flags=re.MULTILINE)
    printed = subprocess.run([sys.executable, '-c', source], capture_output=True, text=True, check=True).stdout
    return [line.split()[1:] for line in printed.splitlines() if line.startswith(':call')]


class Generated(nn.Module):
    def __init__(self, columns, widths, classes, affine=False, stem=None):
        super().__init__()
        self.calls = definition(COLUMNS=columns, FILTERS=widths, REDUCTIONS=len(widths), CLASSES=classes)
        self.stem = stem and nn.Conv2d(3, stem, 7, 2, 3)
        self.stem_bn = stem and nn.BatchNorm2d(stem)
        self.layers, self.names, seen = nn.ModuleDict(), {}, {'data': stem or 3}
        for call in self.calls:
            if call[0] == 'conv':
                name, width, bottom, top = call[1], int(call[5]), call[6], call[7]
                conv = nn.Conv2d(seen[bottom], width, 3, padding=1)
                self.layers[name] = nn.ModuleList([conv, nn.BatchNorm2d(width, affine=affine)])
                column, place = map(int, name.removeprefix('conv').split('_'))
                j = columns - 1 - column
                per_block = 2 ** (columns - 1 - j)
                level = (place % per_block + 1) * 2**j
                unit = f'features.unit{place // per_block + 1}.block.blocks'
                self.names[f'layers.{name}'] = f'{unit}.block{level}.subblock{j + 1}'
                seen[top] = width
            elif call[0].startswith(('pool', 'join')):
                seen[call[-1]] = seen[call[1]]
        self.output = nn.Linear(widths[-1], classes)

    def renamed(self, key):
        if key.startswith('output'):
            return key
        if key.startswith('stem'):
            return f"features.stem.{'bn' if key.startswith('stem_bn') else 'conv'}.{key.rsplit('.', 1)[1]}"
        _, layer, part, last = key.split('.')
        return f"{self.names[f'layers.{layer}']}.{('conv', 'bn')[int(part)]}.{last}"

    def forward(self, x):
        blobs = {'data': F.relu(self.stem_bn(self.stem(x))) if self.stem else x}
        for kind, *words in self.calls:
            if kind == 'conv':
                conv, norm = self.layers[words[0]]
                blobs[words[6]] = F.relu(norm(conv(blobs[words[5]])))
            elif kind == 'pool2':
                blobs[words[1]] = F.max_pool2d(blobs[words[0]], 2, 2)
            elif kind.startswith('join'):
                *bottoms, top = words
                blobs[top] = sum(blobs[bottom] for bottom in bottoms) / len(bottoms)
            elif kind == 'inner':
                return self.output(blobs[words[2]].mean((2, 3)))


def in_order(entry):
    """The generator goes through columns from the deepest on as our names do, but its state dict has its own order."""

    def key(row):
        return [int(n) if n.isdigit() else n for n in re.split(r'(\d+)', row[0])]

    stem = [row for row in entry['stateDict'] if row[0].startswith('features.stem')]
    units = [row for row in entry['stateDict'] if row[0].startswith('features.unit')]
    groups = sorted({row[0].rsplit('.', 2)[0] for row in units}, key=lambda name: key([name]))
    ordered = [row for group in groups for row in units if row[0].rsplit('.', 2)[0] == group]
    return entry | {'stateDict': stem + ordered + entry['stateDict'][-2:]}


def generated(name, options, model, shape):
    return in_order(case(name, options, model, shape, renamed=model.renamed, source='gustavla/fractalnet@7d07da6'))


narrow = [8, 16, 32, 32, 32]
write('fractalnet.json', [
    case(
        'fractalnet_cifar10', {'num_columns': 2, 'widths': narrow},
        CIFARFractalNet(narrow, 2, [0, 0.1, 0.2, 0.3, 0.4], 0.15, 0.5), [1, 3, 32, 32],
        source='osmr/pytorchcv@7f31dc8',
    ),
    generated('fractalnet20_caffe_cifar10', {'widths': narrow}, Generated(3, narrow, 10), [1, 3, 32, 32]),
    generated('fractalnet40_caffe_cifar10', {'widths': narrow}, Generated(4, narrow, 10), [1, 3, 32, 32]),
    generated(
        'fractalnet34_imagenet', {'num_columns': 3, 'widths': [8, 16, 24, 32], 'num_classes': 10},
        Generated(3, [8, 16, 24, 32], 10, affine=True, stem=64), [1, 3, 64, 64],
    ),
])  # fmt: skip
