"""Writes edgenets.json: ESPNetv2 and DiCENet as their authors compute them: python3 edgenets.py CHECKOUT_OF_SACMEHTA_EDGENETS"""
import argparse
import itertools
import re
import sys

sys.path.insert(0, sys.argv[1])
from model.classification.dicenet import CNNModel
from model.classification.espnetv2 import EESPNet
from reference import case, write

SOURCE = 'sacmehta/EdgeNets@2b232d3'


def espnetv2_name(key):
    if key.startswith('level1.'):
        return layer('features.init_block.conv.' + key[len('level1.') :])
    match = re.fullmatch(r'level(\d)_0\.(.*)', key)
    if match:
        stage, rest = int(match[1]) - 1, match[2]
        if rest.startswith('eesp.module_act') or (stage == 4 and rest.startswith('inp_reinf')):
            return None
        rest = rest.replace('inp_reinf.0.', 'shortcut_block.conv1.').replace('inp_reinf.1.', 'shortcut_block.conv2.')
        return eesp(f'features.stage{stage}.unit1.{rest}')
    match = re.fullmatch(r'level5\.([34])\.(.*)', key)
    if match:
        return layer(f'features.final_block.conv{int(match[1]) - 2}.{match[2]}')
    match = re.fullmatch(r'level(\d)\.(\d)\.(.*)', key)
    if match:
        return eesp(f'features.stage{int(match[1]) - 1}.unit{int(match[2]) + 2}.{match[3]}')
    return key.replace('classifier', 'output.fc')


def eesp(key):
    key = re.sub(r'spp_dw\.(\d)\.conv', lambda m: f'branches.branch{int(m[1]) + 1}', key)
    key = key.replace('proj_1x1', 'reduce_conv').replace('conv_1x1_exp', 'merge_conv')
    return layer(key.replace('br_after_cat', 'preactiv').replace('module_act', 'activ'))


def layer(key):
    return re.sub(r'\.act\.', '.activ.', key)


def dicenet_name(key):
    if key.startswith('classifier.'):
        return key.replace('classifier.0', 'output.conv1').replace('classifier.2', 'output.conv2')
    if key.startswith('level1.'):
        return cbr('features.init_block.conv.' + key[len('level1.') :])
    stage, unit, rest = re.fullmatch(r'level(\d)\.(\d+)\.(.*)', key).groups()
    rest = re.sub(r'^left_layer\.(\d)', lambda m: f'branches.left_branch.conv{int(m[1]) + 1}', rest)
    rest = rest.replace('right_layer.1.', 'branches.right_branch.dice.')
    rest = rest.replace('right_layer.2.', 'branches.right_branch.conv.')
    rest = rest.replace('layer_right.0.', 'right_branch.conv.').replace('layer_right.1.', 'right_branch.dice.')
    rest = rest.replace('conv_channel.', 'base_block.convs.ch_conv.')
    rest = rest.replace('conv_height.', 'base_block.convs.h_conv.conv.')
    rest = rest.replace('conv_width.', 'base_block.convs.w_conv.conv.')
    rest = rest.replace('br_act.br.0', 'base_block.norm_activ.bn').replace('br_act.br.1', 'base_block.norm_activ.activ')
    rest = rest.replace('weight_avg_layer.', 'base_block.squeeze_conv.')
    rest = rest.replace('linear_comb_layer.1', 'att.conv1').replace('linear_comb_layer.3', 'att.conv2')
    rest = rest.replace('proj_layer.', 'proj_conv.')
    return cbr(f'features.stage{int(stage) - 2}.unit{int(unit) + 1}.{rest}')


def cbr(key):
    return key.replace('cbr.0', 'conv').replace('cbr.1', 'bn').replace('cbr.2', 'activ')


def in_order(state):
    """The parts of a DiCE unit in pytorchcv's order."""
    ranks = ['ch_conv', 'h_conv', 'w_conv', 'norm_activ', 'squeeze_conv', 'att', 'proj_conv']

    def rank(entry):
        return next(i for i, part in enumerate(ranks) if f'.{part}.' in entry[0])

    groups = itertools.groupby(state, lambda entry: re.match(r'.*\.dice\.|', entry[0])[0])
    return [entry for unit, entries in groups for entry in (sorted(entries, key=rank) if unit else entries)]


def built(kind, renamed, name, options, scale, size, **extra):
    given = argparse.Namespace(s=scale, num_classes=10, channels=3, model_width=224, model_height=224, **extra)
    model = kind(given)
    result = case(name, {'num_classes': 10, **options}, model, [1, 3, *size], renamed=renamed, source=SOURCE)
    result['stateDict'] = in_order(result['stateDict'])
    return result


if __name__ == '__main__':
    espnet = {'last_reinforcement': False}
    write(
        'edgenets.json',
        [
            built(EESPNet, espnetv2_name, 'espnetv2_w1', espnet, 1.0, (96, 96)),
            built(CNNModel, dicenet_name, 'dicenet_w1', {}, 1.0, (224, 96)),
            built(CNNModel, dicenet_name, 'dicenet_w12d5', {}, 2.4, (256, 320)),
        ],
    )
