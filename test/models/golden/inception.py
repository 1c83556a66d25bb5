"""Writes inception.json: Inception-v3 without its auxiliary classifier, as torchvision computes it: python3 inception.py"""
from reference import case, write
from torchvision import models

options = {'num_classes': 10, 'aux_logits': False, 'transform_input': True}
model = models.inception_v3(init_weights=False, **options)
write('inception.json', [case('inception_v3', options, model, [1, 3, 75, 107])])
