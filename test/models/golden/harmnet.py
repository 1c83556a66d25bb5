"""Writes harmnet.json: harmonic networks as the authors' code computes them: python3 harmnet.py PATH

PATH is a checkout of matej-ulicny/harmonic-networks.
"""
import importlib
import pathlib
import sys
import types
from math import prod

import torch
from reference import case, write
from torch import nn
from torch.nn import functional

root = pathlib.Path(sys.argv[1])


def flat_items(tree, path=()):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat_items(value, (*path, key))
        else:
            yield (*path, key), value


class NestedDict(dict):
    def items_flat(self):
        return flat_items(self)


sys.modules['nested_dict'] = types.SimpleNamespace(nested_dict=NestedDict)


def load(folder, *names):
    """Modules of one of the two folders, which both have one called utils."""
    for name in ('utils', *names):
        sys.modules.pop(name, None)
    sys.path[:0] = [str(root), str(root / folder)]
    modules = [importlib.import_module(name) for name in names]
    del sys.path[:2]
    return modules


class Wide(nn.Module):
    """The functional networks as a module."""

    def __init__(self, definition, *arguments):
        super().__init__()
        self.function, flat = definition(*arguments)
        self.names = list(flat)
        for name, value in flat.items():
            if 'running_' in name or name.startswith('dct'):
                self.register_buffer(name.replace('.', '/'), value)
            else:
                self.register_parameter(name.replace('.', '/'), nn.Parameter(value))

    def named(self, name):
        return getattr(self, name.replace('.', '/'))

    def state_dict(self, *_, **__):
        return {name.replace('.', '/'): self.named(name).detach() for name in self.names}

    def forward(self, x):
        return self.function(x, {name: self.named(name) for name in self.names}, self.training)


resnet, = load('imagenet', 'models.resnet')
for name in list(sys.modules):
    if name == 'models' or name.startswith('models.'):
        del sys.modules[name]
wide, root_only, progressive = load('cifar', 'models.harm_wrn', 'models.harm1_wrn', 'models.harm_wrn_progrlambda')
sys.path[:0] = [str(root), str(root / 'imagenet/resnext')]
sys.modules.pop('utils')
resnext = importlib.import_module('timm.models.resnet')

source = 'matej-ulicny/harmonic-networks@de2bbc6'


def macs_of(model, shape):
    """Of all convolutions and linear layers, those that are no modules included."""
    macs = 0

    def counted(function):
        def call(x, weight, *rest, **named):
            nonlocal macs
            y = function(x, weight, *rest, **named)
            macs += y.numel() * prod(weight.shape[1:])
            return y

        return call

    kept = functional.conv2d, functional.linear
    functional.conv2d, functional.linear = (counted(function) for function in kept)
    with torch.no_grad():
        model.eval()(torch.zeros(shape, dtype=torch.float32))
    functional.conv2d, functional.linear = kept
    return macs


def banks(model, renamed=lambda key: key):
    return [renamed(key) for key in model.state_dict() if renamed(key).rsplit('.', 1)[-1].startswith('dct')]


def imagenet(name, options, model, side):
    shape = [1, 3, side, side]
    macs = macs_of(model.float(), shape)
    return case(name, options, model, shape, constants=banks(model), macs=macs, source=source)


def cifar(name, options, model):
    renamed = lambda key: key.replace('/', '.')
    constants = banks(model, renamed)
    macs = macs_of(model.float(), [1, 3, 32, 32])
    return case(
        name, options, model, [1, 3, 32, 32], renamed=renamed, constants=constants, macs=macs, source=source
    )


compressed = {'pool': 'avg', 'levels': [None, None, 3, 2], 'num_classes': 10}
partly = {'harm_res_blocks': False, 'pool': 'max', 'num_classes': 10}
small = {'depth': 10, 'width': 2, 'num_classes': 10}
write('harmnet.json', [
    imagenet('harm_resnet50', compressed, resnet.resnet50(**compressed), 64),
    imagenet('harm_resnet50', partly, resnet.resnet50(**partly), 64),
    imagenet('harm_se_resnext101_32x4d', {}, resnext.harm_se_resnext101_32x4d(), 64),
    cifar('harm_wrn28_10_cifar10', {**small, 'level': 2}, Wide(wide.resnet, 10, 2, 10, 0, 2)),
    cifar('harm1_wrn28_10_cifar10', small, Wide(root_only.resnet, 10, 2, 10, 0)),
    cifar('harm_wrn28_10_progressive_cifar10', {}, Wide(progressive.resnet, 28, 10, 10, 0)),
])
