"""Writes residual-timm.json: residual networks of timm with their options.

python3 residual-timm.py DIRECTORY, which holds timm (1.0.29; huggingface/pytorch-image-models).
"""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
import timm
import torch
from timm.layers import BlurPool2d, ConvMlp, gather_excite
from torch import nn
from timm.models.resnest import ResNestBottleneck
from timm.models.resnet import ResNet

# This version hands its layers the names of two options as values.
gather_excite.ConvMlp = lambda channels, hidden, *_, act_layer: ConvMlp(channels, hidden, act_layer=act_layer)

SOURCE = 'huggingface/pytorch-image-models@aa4b585'
ATTENTIONS = ['se', 'ese', 'eca', 'ceca', 'ge', 'gc', 'gca', 'cbam', 'lcbam', 'sk', 'splat']
LAYERS = {'blur': BlurPool2d, 'avg': nn.AvgPool2d}


def network(name, options=(), **kwargs):
    model = timm.create_model(name, num_classes=10, **{**dict(options), **kwargs})
    return case(name, {**dict(options), 'num_classes': 10}, model, [1, 3, 64, 64], source=SOURCE)


def blur_macs(model, shape):
    """Blurs are depthwise convolutions, though no modules that `case` counts."""
    macs = []
    blurs = [m for m in model.modules() if isinstance(m, BlurPool2d)]
    hooks = [m.register_forward_hook(lambda _, __, output: macs.append(9 * output.numel())) for m in blurs]
    with torch.no_grad():
        model.double().eval()(torch.zeros(shape).double())
    for hook in hooks:
        hook.remove()
    return sum(macs)


def blurred(result, model):
    return {**result, 'macs': result['macs'] + blur_macs(model, result['input'])}


def anti_aliased(name, kind):
    model = timm.create_model(name, num_classes=10, aa_layer=LAYERS[kind])
    options = {'anti_alias': kind, 'num_classes': 10}
    return blurred(case(name, options, model, [1, 3, 64, 96], source=SOURCE), model)


def with_attention(name):
    """torchvision's ResNet-18 has the names of timm's."""
    model = timm.create_model('resnet18', num_classes=10, block_args={'attn_layer': name})
    result = case('resnet18', {'attention': name, 'num_classes': 10}, model, [1, 3, 64, 64], source=SOURCE)
    gradients = result['backward_eval']['grads']
    # The softmax that follows leaves the gradient of this bias to rounding errors.
    for key in [key for key in gradients if key.endswith('conv_attn.bias')]:
        del gradients[key]
    return result


def resnest(radix, cardinality, base_width, avd_first, **more):
    blocks = {'radix': radix, 'avd': True, 'avd_first': avd_first}
    shape = {'cardinality': cardinality, 'base_width': base_width}
    model = ResNet(
        ResNestBottleneck, [1, 1, 1, 1], num_classes=10, stem_type='deep', stem_width=32, avg_down=True,
        block_args=blocks, **shape, **more,
    )
    options = {'radix': radix, **shape, 'avd_first': avd_first, **more, 'num_classes': 10}
    return case('resnest14d', options, model, [1, 3, 64, 64], source=SOURCE)


wide = {'cardinality': 8, 'base_width': 8, 'block_reduce_first': 2, 'down_kernel_size': 3, 'avg_down': False}
small = [
    network('resnet10t'),
    network('resnet14t', {'output_stride': 8}),
    network('resnet14t', {**wide, 'output_stride': 16}),
    network('resnet14t', {'replace_stem_pool': True}),
    anti_aliased('resnet10t', 'blur'),
    anti_aliased('resnet14t', 'avg'),
    network('seresnet18'),
    network('legacy_seresnet50', {'drop_rate': 0.0}),
    resnest(4, 2, 40, True),
    resnest(1, 4, 24, True),
    resnest(2, 1, 64, False, output_stride=16),
    network('skresnet50'),
]
write('residual-timm.json', small)
write('residual-attention.json', [with_attention(name) for name in ATTENTIONS])
write('residual-designs.json', [network(name) for name in ['tresnet_l', 'tresnet_v2_l', 'regnetx_002', 'regnety_002']])
