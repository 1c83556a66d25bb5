"""Writes dpn.json: the "b" form and other widths of timm's DPN: python3 dpn.py SITE_PACKAGES_WITH_TIMM"""
import sys

sys.path.insert(0, sys.argv[1])
import timm
from reference import case, write


def built(name, side):
    model = timm.create_model(name, num_classes=10)
    return case(name, {'num_classes': 10}, model, [1, 3, side, side + 32], source='timm 1.0.29')


write('dpn.json', [built('dpn68b', 96), built('dpn107', 32)])
