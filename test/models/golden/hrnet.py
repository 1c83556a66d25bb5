"""Writes hrnet.json: HRNet's head without biases and its feature pyramid as timm computes them: python3 hrnet.py TIMM

TIMM is a checkout of huggingface/pytorch-image-models.
"""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
import timm  # noqa: E402

SOURCE = 'huggingface/pytorch-image-models@aa4b585'


def made(name, **options):
    return case(name, options, timm.create_model(name, **options), [1, 3, 64, 64], source=SOURCE)


write('hrnet.json', [made('hrnet_w18_ssld', num_classes=10), made('hrnet_w18_small', features_only=True)])
