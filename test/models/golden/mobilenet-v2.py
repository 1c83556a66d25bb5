"""Writes mobilenet-v2.json: timm's MobileNetV2, scaled in width and depth: python3 mobilenet-v2.py PYTORCH-IMAGE-MODELS"""
import sys

from reference import case, write

sys.path.insert(0, sys.argv[1])
import timm

NAMES = ['mobilenetv2_035', 'mobilenetv2_110d', 'mobilenetv2_120d', 'mobilenetv2_140']
SOURCE = 'huggingface/pytorch-image-models@aa4b585'
write('mobilenet-v2.json', [
    case(name, {}, timm.create_model(name), [1, 3, 64, 64], source=SOURCE) for name in NAMES
])
