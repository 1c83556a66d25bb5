"""Writes proxylessnas.json: python3 proxylessnas.py PROXYLESSNAS FILES, copies of mit-han-lab/proxylessnas and of the folder
proxylessnas of han-cai/files."""
import json
import sys

from reference import case, write

repository, files = sys.argv[1:]
sys.path.insert(0, repository)
from proxyless_nas.nas_modules import ProxylessNASNets  # noqa: E402


def network(path):
    with open(path) as file:
        config = json.load(file)
    for block in config['blocks']:
        # Options of a later version of the code, at their defaults.
        for key in ('mid_channels', 'act_func', 'use_se'):
            block['mobile_inverted_conv'].pop(key, None)
    model = ProxylessNASNets.build_from_config(config)
    model.set_bn_param(bn_momentum=config['bn']['momentum'], bn_eps=config['bn']['eps'])
    return model


shape = [1, 3, 64, 64]
source = {'source': 'mit-han-lab/proxylessnas@bf58b5c'}
gaze = f'{repository}/proxyless_gaze/training/gaze_estimation/pretrained'
write('proxylessnas.json', [
    case('proxyless_gpu', {}, network(f'{files}/proxyless_gpu.config'), shape, **source),
    case('proxyless_cpu', {}, network(f'{files}/proxyless_cpu.config'), shape, **source),
    case(
        'proxyless_mobile_w0.25_r112',
        {},
        network(f'{gaze}/proxyless-w0.25-r112_imagenet.json'),
        shape,
        **source,
    ),
    case(
        'proxyless_mobile_w0.3_r176',
        {},
        network(f'{gaze}/proxyless-w0.3-r176_imagenet.json'),
        shape,
        **source,
    ),
])
