"""Writes vovnet.json: VoVNets that the shared golden files leave out, as timm and the authors compute them:

python3 vovnet.py TIMM V1 V2, the folder that holds the package timm, the vovnet.py of stigma0617/VoVNet.pytorch, and that
of youngwanLEE/vovnet-detectron2.
"""
import importlib.util
import re
import sys
import types

from reference import case, write
from torch import nn

sys.path.insert(0, sys.argv[1])
import timm  # noqa: E402


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def stand_in(name, **contents):
    """A module with the few parts of detectron2 that the authors' file imports."""
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(contents)


stand_in('detectron2')
stand_in(
    'detectron2.layers',
    FrozenBatchNorm2d=None,
    ShapeSpec=object,
    get_norm=lambda _, channels: nn.BatchNorm2d(channels),
)
stand_in('detectron2.modeling')
stand_in('detectron2.modeling.backbone', Backbone=nn.Module)
stand_in('detectron2.modeling.backbone.fpn', FPN=None, LastLevelMaxPool=None)


class Registry:
    def register(self):
        return lambda function: function


stand_in('detectron2.modeling.backbone.build', BACKBONE_REGISTRY=Registry())
v1 = module('vovnet_v1', sys.argv[2])
v2 = module('vovnet_v2', sys.argv[3])

PARTS = {
    'norm': 'bn',
    'pw_norm': 'bn',
    'conv': 'conv',
    'dw_conv3x3': 'conv_dw',
    'pw_conv1x1': 'conv_pw',
}


def pytorchcv_name(key):
    part = lambda name: 'bn' if name == 'norm' else name
    stem = re.match(r'stem\.stem_(\d)/(\w+)\.(\w+)', key)
    if stem:
        return f'features.init_block.conv{stem[1]}.{part(stem[2])}.{stem[3]}'
    block = re.match(r'stage(\d)\.OSA\d_(\d+)\.(layers\.(\d)|concat)\.\w+/(\w+)\.(\w+)', key)
    if block:
        inner = f'branches.branch{int(block[4]) + 1}' if block[4] else 'concat_conv'
        return f'features.stage{int(block[1]) - 1}.unit{block[2]}.{inner}.{part(block[5])}.{block[6]}'
    return key.replace('classifier', 'output')


def timm_name(key):
    stem = re.match(r'stem\.stem_(\d)/(\w+)\.(\w+)', key)
    if stem:
        return f'stem.{int(stem[1]) - 1}.{PARTS[stem[2]]}.{stem[3]}'
    stage, unit, rest = re.match(r'stage(\d)\.OSA\d_(\d+)\.(.*)', key).groups()
    place = f'stages.{int(stage) - 2}.blocks.{int(unit) - 1}'
    if rest.startswith('ese.'):
        return f'{place}.attn.{rest[4:]}'
    layer = re.match(r'(layers\.(\d)|concat|conv_reduction)\.\w+/(\w+)\.(\w+)', rest)
    inner = {'concat': 'conv_concat', 'conv_reduction': 'conv_reduction'}.get(layer[1], f'conv_mid.{layer[2]}')
    return f'{place}.{inner}.{PARTS[layer[3]]}.{layer[4]}'


class Backbone(nn.Module):
    """The authors' backbone, its outputs in a list and its tensors in timm's order."""

    def __init__(self, body):
        super().__init__()
        config = types.SimpleNamespace(NORM='BN', CONV_BODY=body)
        config = types.SimpleNamespace(VOVNET=config, BACKBONE=types.SimpleNamespace(FREEZE_AT=-1))
        stages = ['stage2', 'stage3', 'stage4', 'stage5']
        self.body = v2.VoVNet(types.SimpleNamespace(MODEL=config), 3, stages)

    def forward(self, x):
        return list(self.body(x).values())

    def state_dict(self, *args, **kwargs):
        state = self.body.state_dict(*args, **kwargs)
        # A reduction comes before the layers there too, but is made after the list that holds them.
        def place(item):
            position, key = item
            block = re.match(r'(stage\d)\.(OSA\d_\d+)\.(\w+)', key)
            if not block:
                return (0, position)
            first = block_starts.setdefault((block[1], block[2]), position + 1)
            return (first, 0 if block[3] == 'conv_reduction' else 1, position)

        block_starts = {}
        return {key: state[key] for _, key in sorted(enumerate(state), key=place)}

    def named_parameters(self, *args, **kwargs):
        return self.body.named_parameters(*args, **kwargs)

    def named_buffers(self, *args, **kwargs):
        return self.body.named_buffers(*args, **kwargs)


BACKBONE = {'attention_blocks': 'every', 'features_only': True, 'out_indices': [1, 2, 3, 4]}
TIMM = f'timm {timm.__version__}'
V1 = 'stigma0617/VoVNet.pytorch@039d9dcbd07de73fb5b8cc14bdde483a3807225c'
V2 = 'youngwanLEE/vovnet-detectron2@b81c813cbf6e7253655c20a16b83038988b881d9'

write('vovnet.json', [
    case(
        'ese_vovnet19b_slim_dw',
        {'num_classes': 10},
        timm.create_model('ese_vovnet19b_slim_dw', num_classes=10),
        [1, 3, 96, 72],
        source=TIMM,
    ),
    case(
        'ese_vovnet19b_slim',
        {'num_classes': 10, 'stem_stride': 2},
        timm.create_model('ese_vovnet19b_slim', num_classes=10, stem_stride=2),
        [1, 3, 64, 64],
        source=TIMM,
    ),
    case(
        'eca_vovnet39b',
        {'num_classes': 10},
        timm.create_model('eca_vovnet39b', num_classes=10),
        [1, 3, 64, 64],
        source=TIMM,
    ),
    case('vovnet39', {}, v1.vovnet39(), [1, 3, 70, 64], renamed=pytorchcv_name, source=V1),
    case('ese_vovnet39b', BACKBONE, Backbone('V-39-eSE'), [1, 3, 64, 64], renamed=timm_name, source=V2),
    case('ese_vovnet19b_dw', BACKBONE, Backbone('V-19-dw-eSE'), [1, 3, 64, 64], renamed=timm_name, source=V2),
])
