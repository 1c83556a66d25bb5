"""Writes shufflenet.json: python3 shufflenet.py SHUFFLENET_SERIES THUNDERNET, copies of megvii-model/ShuffleNet-Series and
qinzheng93/ThunderNet."""
import contextlib
import importlib
import io
import sys

from reference import case, write
from torch import nn

series, thundernet = sys.argv[1:]


def module(folder, name):
    """Both repositories call their modules alike."""
    for known in ('blocks', 'network'):
        sys.modules.pop(known, None)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def megvii(version, **options):
    network = module(f'{series}/ShuffleNetV{version}', 'network')
    with contextlib.redirect_stdout(io.StringIO()):
        model = getattr(network, f'ShuffleNetV{version}')(**options)
    model.globalpool = nn.AdaptiveAvgPool2d(1)
    return model


class SNet(nn.Module):
    """The author's code builds SNet146 alone; its units serve for the others."""

    def __init__(self, stem, widths, last):
        super().__init__()
        unit = module(f'{thundernet}/snet-training', 'blocks').ShuffleNetV2Block
        self.first_conv = self.block(3, stem, 3, 2, 1)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        stages, channels = [], stem
        for width, repeats in zip(widths, [4, 8, 4]):
            units = [unit(channels, width, width // 2, 5, 0)]
            units += [unit(width // 2, width, width // 2, 5, i) for i in range(1, repeats)]
            stages.append(nn.Sequential(*units))
            channels = width
        self.stage = nn.Sequential(*stages)
        self.conv_last = self.block(channels, last, 1, 1, 0) if last else nn.Identity()
        self.classifier = nn.Sequential(nn.Linear(last or channels, 1000, bias=False))

    @staticmethod
    def block(inp, oup, kernel, stride, padding):
        return nn.Sequential(
            nn.Conv2d(inp, oup, kernel, stride, padding, bias=False), nn.BatchNorm2d(oup), nn.ReLU()
        )

    def forward(self, x):
        x = self.conv_last(self.stage(self.maxpool(self.first_conv(x))))
        return self.classifier(x.mean([2, 3]))


shape = [1, 3, 64, 64]
source = {'source': 'megvii-model/ShuffleNet-Series@aa91feb'}
snet = {'source': 'units of qinzheng93/ThunderNet@cec2947'}
write('shufflenet.json', [
    case('shufflenet_g3_x0_5_megvii', {}, megvii(1, model_size='0.5x', group=3), shape, **source),
    case('shufflenet_g8_x0_5_megvii', {}, megvii(1, model_size='0.5x', group=8), shape, **source),
    case('shufflenet_v2_x0_5_megvii', {}, megvii(2, model_size='0.5x'), shape, **source),
    case('shufflenet_v2_x2_0_megvii', {}, megvii(2, model_size='2.0x'), shape, **source),
    case('snet49', {}, SNet(24, [60, 120, 240], 512), shape, **snet),
    case('snet535', {}, SNet(48, [248, 496, 992], None), shape, **snet),
])
