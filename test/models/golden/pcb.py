"""Writes pcb.json: refined part pooling as the authors' code computes it: python3 pcb.py PATH

PATH is a checkout of syfafterzy/PCB_RPP_for_reID, whose code is for Python 2: its division becomes that of integers here.
"""
import pathlib
import sys
import types

from reference import case, write
from torch import nn

source = (pathlib.Path(sys.argv[1]) / 'reid/models/resnet_rpp.py').read_text()
rpp = types.ModuleType('rpp')
exec(source.replace('2048/self', '2048//self'), rpp.__dict__)


class Flat(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.net = rpp.resnet50_rpp(pretrained=False, num_features=256, dropout=0.5, FCN=True, **options)
        del self.net.base.fc

    def forward(self, x):
        descriptor, scores, masks = self.net(x)
        return [descriptor, *scores, masks]


def refined(options, **theirs):
    return case(
        'pcb_rpp_resnet50',
        options,
        Flat(**theirs),
        [1, 3, 128, 64],
        renamed=lambda key: key[len('net.'):],
        source='syfafterzy/PCB_RPP_for_reID@e29cf54',
    )


write('pcb.json', [
    refined({}, num_classes=751),
    refined({'num_classes': 9, 'temperature': 2.5, 'dim': 512}, num_classes=9, T=2.5, dim=512),
])
