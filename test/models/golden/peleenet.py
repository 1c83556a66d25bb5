"""Writes peleenet.json: PeleeNet as its authors compute it: python3 peleenet.py FILE, the peleenet.py of Robert-JunWang."""
import importlib.util
import re
import sys

from reference import case, write

spec = importlib.util.spec_from_file_location('authors', sys.argv[1])
authors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(authors)

STEM = {
    'stem1': 'first_conv',
    'stem2a': 'branches.branch1.conv1',
    'stem2b': 'branches.branch1.conv2',
    'stem3': 'last_conv',
}


def renamed(key):
    """pytorchcv's name of a tensor."""
    key = key.replace('.norm.', '.bn.').replace('classifier.', 'output.fc.')
    stem = re.match(r'features\.stemblock\.(\w+)\.(.*)', key)
    if stem:
        return f'features.init_block.{STEM[stem[1]]}.{stem[2]}'
    layer = re.match(r'features\.denseblock(\d)\.denselayer(\d)\.branch(\d)(\w)\.(.*)', key)
    if layer:
        number = ord(layer[4]) - ord('a') + 1
        return f'features.stage{layer[1]}.unit{layer[2]}.branch{layer[3]}.conv{number}.{layer[5]}'
    transition = re.match(r'features\.transition(\d)\.(.*)', key)
    if transition:
        stage = int(transition[1]) + 1
        place = 'final_block' if stage == 5 else f'stage{stage}.trans{stage}.conv'
        return f'features.{place}.{transition[2]}'
    return key


def ordered(model):
    """The model with its tensors in the order of pytorchcv, where transitions begin stages."""
    own = model.state_dict

    def place(key):
        name = renamed(key)
        stage = re.match(r'features\.stage(\d)\.(trans|unit)', name)
        if name.startswith('features.init_block'):
            return 0
        if stage:
            return 2 * int(stage[1]) + (stage[2] == 'unit')
        return 100 if 'final_block' in name else 200

    def state_dict(*args, **kwargs):
        state = own(*args, **kwargs)
        return {key: state[key] for key in sorted(state, key=place)}

    model.state_dict = state_dict
    return model


SOURCE = 'Robert-JunWang/PeleeNet@05e928adb7387d54b48373583ee4430a28966599'

write('peleenet.json', [
    case(
        'peleenet',
        {'stem_order': 'poolFirst', 'num_classes': 10},
        ordered(authors.PeleeNet(num_classes=10, drop_rate=0)),
        [1, 3, 64, 64],
        renamed=renamed,
        source=SOURCE,
    ),
    case(
        'peleenet',
        {
            'stem_order': 'poolFirst',
            'num_classes': 10,
            'growth_rate': 12,
            'block_config': [2, 1, 2, 3],
            'num_init_features': 20,
            'bottleneck_widths': [4, 3, 2, 6],
        },
        ordered(authors.PeleeNet(
            growth_rate=12,
            block_config=[2, 1, 2, 3],
            num_init_features=20,
            bottleneck_width=[4, 3, 2, 6],
            num_classes=10,
            drop_rate=0,
        )),
        [1, 3, 128, 96],
        renamed=renamed,
        training=True,
        source=SOURCE,
    ),
])
