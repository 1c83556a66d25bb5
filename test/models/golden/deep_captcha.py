"""Writes deep_captcha.json: Deep-CAPTCHA, written from the layers that DrMahdiRezaei/Deep-CAPTCHA@0c3d071's notebooks list,
with Keras' order of rows, columns and channels throughout: python3 deep_captcha.py
"""
import torch.nn.functional as F
from reference import case, write
from torch import nn


class DeepCaptcha(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.convolutions = nn.ModuleList([nn.Conv2d(a, b, 5, padding='same') for a, b in ((1, 32), (32, 48), (48, 64))])
        self.dense = nn.Linear(1536, 512)
        self.digits = nn.ModuleList([nn.Linear(512, classes) for _ in range(5)])

    def forward(self, x):
        for conv in self.convolutions:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        keras = x.movedim(1, 3)
        hidden = F.relu(self.dense(keras.reshape(len(x), -1)))
        return [digit(hidden) for digit in self.digits]


def renamed(key):
    part, *place, last = key.split('.')
    if part == 'convolutions':
        return f'conv{int(place[0]) + 1}.0.{last}'
    return f'fc.{last}' if part == 'dense' else f'digit{place[0]}.{last}'


write('deep_captcha.json', [
    case('deep_captcha_numeric', {}, DeepCaptcha(10), [1, 1, 25, 67], renamed=renamed),
    case('deep_captcha_alphanumeric', {}, DeepCaptcha(31), [1, 1, 25, 67], renamed=renamed),
])
