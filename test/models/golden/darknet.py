"""Writes darknet.json: networks of the authors' Darknet configurations, run as those describe them.

python3 darknet.py DARKNET ALEXEYAB CSPNET, which are checkouts of pjreddie/darknet, AlexeyAB/darknet and
WongKinYiu/CrossStagePartialNetworks. Darknet is C that reads weights alone; the arithmetic of its layers is written here
from its sources (convolutional_layer.c, maxpool_layer.c, route_layer.c, shortcut_layer.c, upsample_layer.c, yolo_layer.c).
"""
import pathlib
import sys
from collections import OrderedDict

import torch
import torch.nn.functional as F
from reference import case, write
from torch import nn


def read(path):
    sections = []
    for line in pathlib.Path(path).read_text().splitlines():
        line = line.split('#')[0].strip()
        if line.startswith('['):
            sections.append((line.strip('[]'), {}))
        elif line:
            key, value = line.split('=')
            sections[-1][1][key.strip()] = value.strip()
    return sections


ACTIVATIONS = {'linear': lambda x: x, 'leaky': lambda x: F.leaky_relu(x, 0.1), 'mish': lambda x: x * F.softplus(x).tanh()}


class Convolution(nn.Module):
    def __init__(self, channels, options):
        super().__init__()
        filters, size = int(options['filters']), int(options['size'])
        normalized = int(options.get('batch_normalize', 0))
        padding = size // 2 if int(options.get('pad', 0)) else 0
        if normalized:
            self.BatchNorm2d = nn.BatchNorm2d(filters)
        self.Conv2d = nn.Conv2d(
            channels, filters, size, int(options.get('stride', 1)), padding,
            groups=int(options.get('groups', 1)), bias=not normalized,
        )
        self.act = ACTIVATIONS[options['activation']]

    def forward(self, x):
        y = self.Conv2d(x)
        return self.act(self.BatchNorm2d(y) if hasattr(self, 'BatchNorm2d') else y)


def pooled(x, size, stride):
    """Padding of size - 1, more of it behind; what lies outside counts for nothing."""
    before = (size - 1) // 2
    after = size - 1 - before
    return F.max_pool2d(F.pad(x, (before, after, before, after), value=float('-inf')), size, stride)


class Darknet(nn.Module):
    def __init__(self, path):
        super().__init__()
        (_, net), *self.sections = read(path)
        channels, self.module_list = [], nn.ModuleList()
        for place, (kind, options) in enumerate(self.sections):
            last = channels[-1] if channels else int(net.get('channels', 3))
            module = nn.Module()
            if kind == 'convolutional':
                module = Convolution(last, options)
                last = int(options['filters'])
            elif kind == 'route':
                last = sum(channels[i] for i in self.places(place, options['layers']))
                last //= int(options.get('groups', 1))
            channels.append(last)
            self.module_list.append(module)

    @staticmethod
    def places(place, layers):
        return [place + int(i) if int(i) < 0 else int(i) for i in layers.split(',')]

    def forward(self, image):
        x, outputs, maps, boxes = image, [], [], []
        for place, (kind, options) in enumerate(self.sections):
            number = lambda key, standard: int(options.get(key, standard))
            if kind == 'convolutional':
                x = self.module_list[place](x)
            elif kind == 'maxpool':
                x = pooled(x, number('size', 1), number('stride', 1))
            elif kind == 'avgpool':
                x = x.mean((2, 3), keepdim=True)
            elif kind == 'upsample':
                x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
            elif kind == 'route':
                taken = [outputs[i] for i in self.places(place, options['layers'])]
                x = torch.cat([t.chunk(number('groups', 1), 1)[number('group_id', 0)] for t in taken], 1)
            elif kind == 'shortcut':
                other = outputs[self.places(place, options['from'])[0]]
                shared = min(x.shape[1], other.shape[1])
                x = torch.cat([x[:, :shared] + other[:, :shared], x[:, shared:]], 1)
                x = ACTIVATIONS[options['activation']](x)
            elif kind == 'yolo':
                maps.append(x)
                boxes += self.decoded(x, image, options)
            outputs.append(x)
        if not maps:
            return outputs[-1].flatten(1)
        return maps if self.training or torch.is_grad_enabled() else maps + boxes

    @staticmethod
    def decoded(x, image, options):
        sizes = [float(v) for v in options['anchors'].split(',')]
        mask = [int(v) for v in options['mask'].split(',')]
        scale = float(options.get('scale_x_y', 1))
        n, _, rows, columns = x.shape
        x = x.view(n, len(mask), -1, rows, columns)
        centers, extents = [], []
        for a, m in enumerate(mask):
            cell_y, cell_x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing='ij')
            moved = x[:, a, :2].sigmoid() * scale - 0.5 * (scale - 1)
            centers.append(torch.stack([(moved[:, 0] + cell_x) / columns, (moved[:, 1] + cell_y) / rows], -1))
            width, height = image.shape[3], image.shape[2]
            extents.append(torch.stack(
                [x[:, a, 2].exp() * sizes[2 * m] / width, x[:, a, 3].exp() * sizes[2 * m + 1] / height], -1,
            ))
        scores = x[:, :, 4:].sigmoid().permute(0, 1, 3, 4, 2)
        return [torch.stack(p, 1).flatten(1, 3) for p in (centers, extents)] + [scores.flatten(1, 3)]

    def state_dict(self, *args, **kwargs):
        """In the order of a .weights file."""
        order = ('BatchNorm2d.bias', 'BatchNorm2d.weight', 'BatchNorm2d.running_mean', 'BatchNorm2d.running_var',
                 'Conv2d.bias', 'Conv2d.weight')
        state = super().state_dict(*args, **kwargs)
        keys = [f'module_list.{i}.{part}' for i in range(len(self.sections)) for part in order]
        return OrderedDict((key, state[key]) for key in keys if key in state)


darknet, alexey, cspnet = (pathlib.Path(p) / 'cfg' for p in sys.argv[1:4])


def made(name, folder, file, size, source, **more):
    return case(name, {}, Darknet(folder / file), [1, 3, *size], source=source, **more)


PJREDDIE, ALEXEYAB = 'pjreddie/darknet@f6afaab', 'AlexeyAB/darknet@59596d7'
CSPNET = 'WongKinYiu/CrossStagePartialNetworks@8786894'
write('darknet.json', [
    made('darknet_ref_darknet', darknet, 'darknet.cfg', [112, 224], PJREDDIE, training=True),
    made('darknet53_darknet', darknet, 'darknet53.cfg', [64, 64], PJREDDIE),
    made('csdarknet53-omega', alexey, 'csdarknet53-omega.cfg', [64, 64], ALEXEYAB),
    made('csresnet50', cspnet, 'csresnet50.cfg', [96, 64], CSPNET),
    made('yolov3-spp', darknet, 'yolov3-spp.cfg', [32, 32], PJREDDIE),
    made('yolov4', alexey, 'yolov4.cfg', [96, 64], ALEXEYAB),
    made('yolov4-tiny', alexey, 'yolov4-tiny.cfg', [96, 128], ALEXEYAB, training=True),
])
