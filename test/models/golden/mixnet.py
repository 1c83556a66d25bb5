"""Writes mixnet.json: timm's MixNet with TensorFlow's padding, and its own deeper one: python3 mixnet.py PYTORCH-IMAGE-MODELS"""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
import timm

SOURCE = 'huggingface/pytorch-image-models@aa4b585'
write('mixnet.json', [
    case('tf_mixnet_s', {}, timm.create_model('tf_mixnet_s'), [1, 3, 75, 61], source=SOURCE),
    case('mixnet_xl', {}, timm.create_model('mixnet_xl'), [1, 3, 64, 64], source=SOURCE),
])
