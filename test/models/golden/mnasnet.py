"""Writes mnasnet.json: torchvision's first version of the stem, timm's scaled A1: python3 mnasnet.py PYTORCH-IMAGE-MODELS"""
import sys
import warnings

from reference import case, write
from torchvision import models

sys.path.insert(0, sys.argv[1])
import timm

warnings.simplefilter('ignore')


def first_version(alpha):
    """A checkpoint's metadata says which version of the definition it has; loading one of the first rebuilds the stem."""
    model = models.MNASNet(alpha)
    state = model.state_dict()
    state._metadata[''] = {'version': 1}
    try:
        model.load_state_dict(state, strict=False)
    except RuntimeError:
        pass  # The tensors of the second version do not fit the stem that was rebuilt.
    return model


write('mnasnet.json', [
    case('mnasnet0_5', {'version': 1}, first_version(0.5), [1, 3, 64, 64]),
    case('mnasnet1_3', {}, models.mnasnet1_3(), [1, 3, 72, 56]),
    case(
        'semnasnet_140',
        {},
        timm.create_model('semnasnet_140'),
        [1, 3, 64, 64],
        source='huggingface/pytorch-image-models@aa4b585',
    ),
])
