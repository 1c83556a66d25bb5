"""Writes unetxst.json: uNetXST, written from the layers of ika-rwth-aachen/Cam2BEV@5691703 (TensorFlow) with images held as
[batch, height, width, channels] as there, the spatial transformer step by step: python3 unetxst.py
"""
import torch
import torch.nn.functional as F
from reference import case, write
from torch import nn

FRLR = [
    [4.651574574230558e-14, 10.192351107009959, -5.36318723862984e-07,
     -5.588661045867985e-07, 0.0, 2.3708767903941617, 35.30731833118676, 0.0, -1.7000018578614013],
    [-5.336674306912119e-14, -10.192351107009957, 5.363187220578325e-07,
     5.588660952931949e-07, 3.582264351370481e-23, 2.370876772982613,
     -35.30731833118661, -2.263156574813233e-15, -0.5999981421386035],
    [20.38470221401992, 7.562206982469407e-14, -0.28867638384075833,
     -3.422067857504854e-23, 2.794330463189411e-07, 2.540225111648729,
     2.1619497190382224e-15, -17.65365916559334, -0.4999990710692976],
    [-20.38470221401991, -4.849709834037436e-15, 0.2886763838407495,
     -3.4220679184765114e-23, -2.794330512976549e-07, 2.5402251116487626,
     2.161949719038217e-15, 17.653659165593304, -0.5000009289306967],
]  # fmt: skip
F2 = [
    [0.03506686613905922, 27.971438297785962, -0.17694724954191404,
     0.3821882391578238, 9.481642330993019e-17, 5.46222110929461,
     25.000001047737943, 6.202207287472715e-15, 27.000001047737943],
]  # fmt: skip


def spatial_transformer(image, theta):
    batch, height, width, channels = image.shape
    ys, xs = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing='ij')
    grid = torch.stack([xs.flatten(), ys.flatten(), torch.ones(height * width)])
    sampled = torch.tensor(theta).reshape(3, 3) @ grid
    x, y = sampled[:2] / sampled[2]
    x, y = 0.5 * (x + 1) * width, 0.5 * (y + 1) * height
    x0, y0 = x.trunc().clamp(-1e9, 1e9).long(), y.trunc().clamp(-1e9, 1e9).long()
    x1, y1 = x0 + 1, y0 + 1
    x0, x1 = x0.clamp(0, width - 1), x1.clamp(0, width - 1)
    y0, y1 = y0.clamp(0, height - 1), y1.clamp(0, height - 1)
    flat = image.reshape(batch, height * width, channels)

    def part(weight, row, column):
        return weight[:, None] * flat[:, row * width + column]

    total = part((x1 - x) * (y1 - y), y0, x0) + part((x1 - x) * (y - y0), y1, x0)
    total = total + part((x - x0) * (y1 - y), y0, x1) + part((x - x0) * (y - y0), y1, x1)
    return total.reshape(image.shape)


class Twice(nn.Module):
    def __init__(self, start, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(start, width, 3, padding='same'), nn.BatchNorm2d(width, 1e-3, 0.01)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding='same'), nn.BatchNorm2d(width, 1e-3, 0.01)

    def forward(self, x):
        x = x.movedim(3, 1)
        x = self.bn2(F.relu(self.conv2(self.bn1(F.relu(self.conv1(x))))))
        return x.movedim(1, 3)


class UNetXST(nn.Module):
    def __init__(self, thetas, classes, depth=5, base=16, double_skip=False):
        super().__init__()
        self.thetas, count = thetas, len(thetas)
        widths = [base * 2**d for d in range(depth)]
        self.encoders = nn.ModuleList(
            nn.ModuleList(Twice(10 if d == 0 else widths[d - 1], widths[d]) for d in range(depth)) for _ in thetas
        )
        self.joiners = nn.ModuleList()
        for width in widths:
            joiner = nn.ModuleDict({'warped': Twice(width * count, width)})
            if double_skip:
                joiner['own'], joiner['both'] = Twice(width * count, width), Twice(2 * width, width)
            self.joiners.append(joiner)
        self.decoders = nn.ModuleList()
        for width in reversed(widths[:-1]):
            up = nn.ConvTranspose2d(2 * width, width, 3, 2)
            self.decoders.append(nn.ModuleDict({'up': up, 'convolutions': Twice(2 * width, width)}))
        self.prediction = nn.Conv2d(base, classes, 3, padding='same')

    def encode(self, x, blocks):
        maps = []
        for d, block in enumerate(blocks):
            if d:
                x = F.max_pool2d(x.movedim(3, 1), 2).movedim(1, 3)
            x = block(x)
            maps.append(x)
        return maps

    def join(self, joiner, maps):
        seen = torch.cat([spatial_transformer(m, theta) for m, theta in zip(maps, self.thetas)], 3)
        joined = joiner['warped'](seen)
        if 'own' not in joiner:
            return joined
        return joiner['both'](torch.cat([joined, joiner['own'](torch.cat(maps, 3))], 3))

    def forward(self, x):
        cameras = [camera.movedim(1, 3) for camera in x.split(10, 1)]
        encoded = [self.encode(camera, blocks) for camera, blocks in zip(cameras, self.encoders)]
        levels = [self.join(joiner, maps) for joiner, maps in zip(self.joiners, zip(*encoded))]
        t = levels.pop()
        for decoder in self.decoders:
            skip = levels.pop()
            # The transposed convolution of 'same' padding: its last row and column are left away.
            up = decoder['up'](t.movedim(3, 1))[:, :, :-1, :-1].movedim(1, 3)
            t = decoder['convolutions'](torch.cat([skip, up], 3))
        return F.relu(self.prediction(t.movedim(3, 1)))


write('unetxst.json', [
    case('unetxst_frlr', {}, UNetXST(FRLR, 10), [1, 40, 32, 64], training=False),
    case('unetxst_f', {'base_width': 4}, UNetXST(F2, 4, base=4), [1, 10, 64, 64], training=True),
    case(
        'unetxst_f', {'double_skip_connection': True, 'depth': 3, 'base_width': 4},
        UNetXST(F2, 4, depth=3, base=4, double_skip=True), [1, 10, 16, 24],
    ),
])  # fmt: skip
