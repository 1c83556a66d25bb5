"""Writes squeezenet.json: SqueezeNet 1.0 with the class map of Caffe's definition: python3 squeezenet.py"""
from reference import case, write
from torchvision import models

padded = models.squeezenet1_0()
padded.classifier[1].padding = (1, 1)
write('squeezenet.json', [
    case('squeezenet1_0', {'pad_classifier': True}, padded, [1, 3, 64, 64], source='torchvision'),
])
