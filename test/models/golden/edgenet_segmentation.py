"""Writes edgenet-segmentation.json, as edgenets.py does for classifiers: python3 edgenet_segmentation.py CHECKOUT_OF_SACMEHTA_EDGENETS"""
import argparse
import sys

sys.path.insert(0, sys.argv[1])
from edgenets import SOURCE, cbr, dicenet_name, espnetv2_name, in_order
from model.segmentation.dicenet import DiCENetSegmentation
from model.segmentation.espnetv2 import ESPNetv2Segmentation
from reference import case, write

LEVELS = {'16x16': 'l1', '32x32': 'l2', '64x64': 'l3', '128x128': 'l4'}


def decoder_name(key):
    for size, level in LEVELS.items():
        key = key.replace(f'eff_pool_{size}', f'bu_dec_{level}').replace(f'proj_enc_{size}', f'merge_enc_dec_{level}')
        key = key.replace(f'bu_br_{size}', f'bu_br_{level}')
    return cbr(key).replace('br.0', 'bn').replace('br.1', 'activ') if 'bu_br' not in key else key


def renamed(encoder):
    def name(key):
        if not key.startswith('base_net.'):
            return decoder_name(key)
        inner = encoder(key[len('base_net.') :])
        return inner and 'base_net.' + inner[len('features.') :]

    return name


def built(kind, encoder, name, scale, size, classes):
    given = argparse.Namespace(s=scale, num_classes=1000, channels=3, model_width=224, model_height=224)
    options = {} if classes == 21 else {'num_classes': classes}
    model = kind(given, classes=classes)
    result = case(name, options, model, [1, 3, *size], renamed=renamed(encoder), source=SOURCE)
    result['stateDict'] = in_order(result['stateDict'])
    return result


write(
    'edgenet-segmentation.json',
    [
        built(ESPNetv2Segmentation, espnetv2_name, 'espnetv2_seg_wd2', 0.5, (96, 64), 20),
        built(DiCENetSegmentation, dicenet_name, 'dicenet_seg_w3d4', 0.75, (64, 256), 21),
    ],
)
