"""Writes fbnet.json: FBNet A, B and C as facebookresearch/mobile-vision computes them: python3 fbnet.py MOBILE-VISION

The checkout imports iopath and tabulate at its start, which the networks do not need.
"""
import sys
import types

from reference import case, write

for name in ('iopath', 'iopath.common', 'iopath.common.file_io', 'tabulate'):
    module = types.ModuleType(name)
    module.__getattr__ = lambda attribute: type(attribute, (), {'__init__': lambda self, *a, **k: None,
                                                                'register_handler': lambda self, *a, **k: None})
    sys.modules.setdefault(name, module)
sys.path.insert(0, sys.argv[1])
from mobile_cv.arch.fbnet_v2.basic_blocks import ChannelShuffle
from mobile_cv.model_zoo.models.fbnet_v2 import FBNet


def shuffled(module, x):
    """As the checkout has it, by operations that PyTorch 1.13 differentiates."""
    return x.unflatten(1, (module.groups, -1)).transpose(1, 2).flatten(1, 2)


ChannelShuffle.forward = shuffled
SOURCE = 'facebookresearch/mobile-vision@bb8465c'
write('fbnet.json', [
    case(name, {}, FBNet(name), [1, 3, 64, 64], source=SOURCE) for name in ('fbnet_a', 'fbnet_b', 'fbnet_c')
])
