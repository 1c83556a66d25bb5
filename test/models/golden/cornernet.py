"""Writes cornernet.json, CornerNet as its authors' code computes it, and ../fixtures/cornernet.json, their losses and
detections of small maps: python3 cornernet.py CORNERNET_LITE, a checkout of princeton-vl/CornerNet-Lite.

The compiled corner pooling of that code is replaced by running maxima of PyTorch.
"""
import json
import pathlib
import sys
import types

import torch
from reference import case, signed, uniform, write

sys.path.insert(0, sys.argv[1])


def running_maximum(axis, from_end):
    def forward(x):
        return [x.flip(axis).cummax(axis).values.flip(axis) if from_end else x.cummax(axis).values]

    def backward(x, gradient):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(forward(x)[0], x, gradient)

    return types.SimpleNamespace(forward=forward, backward=backward)


for name, axis, from_end in (('top', 2, True), ('bottom', 2, False), ('left', 3, True), ('right', 3, False)):
    sys.modules[f'{name}_pool'] = running_maximum(axis, from_end)

from core.models.CornerNet import model  # noqa: E402
from core.models.py_utils.losses import CornerNet_Loss  # noqa: E402
from core.models.py_utils.utils import _decode  # noqa: E402


class Flat(model):
    def forward(self, x):
        return [output for outputs in self._train(x) for output in outputs]


SOURCE = 'princeton-vl/CornerNet-Lite@6a54505'
write('cornernet.json', [case('cornernet', {}, Flat(), [1, 3, 128, 128], source=SOURCE)])

# Two images with up to three objects on maps of 3 classes and 5 x 6 cells; two hourglasses.
classes, height, width, objects = 3, 5, 6, 3
kinds = (('heat', classes), ('tag', 1), ('off', 2))
outputs = [
    [4 * signed(f'{side}{kind}{stack}', [2, n, height, width]) if kind == 'heat' else
     signed(f'{side}{kind}{stack}', [2, n, height, width]) for stack in (0, 1)]
    for kind, n in kinds for side in ('tl', 'br')
]
cells = [torch.tensor([[1, 8, 14], [20, 3, 0]]), torch.tensor([[15, 22, 29], [28, 17, 0]])]
# Their code adds masks to find pairs, which Booleans cannot.
mask = torch.tensor([[1, 1, 1], [1, 1, 0]], dtype=torch.uint8)
heats = []
for side, cell in zip(('tl', 'br'), cells):
    heat = torch.from_numpy(0.9 * uniform(f'target{side}', [2, classes, height, width]))
    for image in range(2):
        for i in range(objects):
            if mask[image, i]:
                heat[image, i % classes].view(-1)[cell[image, i]] = 1
    heats.append(heat)
offsets = [torch.from_numpy(uniform(f'offset{side}', [2, objects, 2])) for side in ('tl', 'br')]
loss = CornerNet_Loss(pull_weight=0.1, push_weight=0.1)(
    [[t.clone() for t in kind] for kind in outputs], [heats[0], heats[1], mask, offsets[0], offsets[1], *cells],
)
last = [kind[1] for kind in outputs]
found = _decode(*last, K=12, kernel=3, ae_threshold=0.5, num_dets=144)
flat = lambda t: [float('%.9g' % v) for v in t.double().flatten()]
fixture = {
    'classes': classes, 'height': height, 'width': width,
    'outputs': [[flat(t) for t in kind] for kind in outputs],
    'heats': [flat(t) for t in heats], 'offsets': [flat(t) for t in offsets],
    'cells': [t.flatten().tolist() for t in cells], 'mask': mask.int().flatten().tolist(),
    'loss': float(loss),
    'detections': [[flat(box) for box in image if box[4] > -1] for image in found],
}
path = pathlib.Path(__file__).parent.parent / 'fixtures' / 'cornernet.json'
path.write_text(json.dumps(fixture) + '\n')
