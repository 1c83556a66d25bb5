"""Spatial pyramid pooling window by window, for sppnet.py and prelunet.py."""
from math import ceil

import torch


def windows(side, count):
    size, stride = ceil(side / count), side // count
    starts = range(0, side - size + 1, stride) if stride else []
    if len(starts) == count:
        return [(start, start + size) for start in starts]
    return [(i * side // count, -(-(i + 1) * side // count)) for i in range(count)]


def pyramid(x, levels):
    parts = []
    for count in levels:
        cells = [
            x[:, :, top:bottom, left:right].amax((2, 3))
            for top, bottom in windows(x.shape[2], count)
            for left, right in windows(x.shape[3], count)
        ]
        parts.append(torch.stack(cells, 2).flatten(1))
    return torch.cat(parts, 1)
