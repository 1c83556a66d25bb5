"""Writes amoebanet.json: the network of tensorflow/tpu's models/official/amoeba_net, whose code is for TensorFlow 1, written
down in PyTorch from its network_utils.py, model_builder.py and model_specs.py: python3 amoebanet.py
"""
import torch
from reference import case, write
from torch import nn
from torch.nn import functional as F

# Operations and the states that they take, in the reference's flat lists; and which states are used in the cell.
CELLS = {
    'a': (
        ('avg3 max3 sep3 none none avg3 sep3 sep5 avg3 sep3', [0, 0, 1, 1, 0, 1, 0, 2, 5, 0], [1, 0, 1, 0, 0, 1, 0]),
        ('sep3 avg3 max3 sep7 max3 max3 sep3 1x7 avg3 sep7', [1, 0, 0, 2, 1, 0, 4, 0, 1, 0], [1, 1, 0, 0, 0, 0, 0]),
    ),
    'b': (
        ('1x1 max3 none sep3 1x1 sep3 1x1 none avg3 1x1', [1, 1, 1, 0, 1, 0, 2, 2, 1, 5], [0, 1, 1, 0, 0, 1, 0]),
        ('max2 max3 none 3x3 sep5 max3 none sep3 avg3 1x1', [0, 0, 2, 1, 2, 2, 3, 1, 4, 3], [1, 1, 1, 1, 1, 0, 0]),
    ),
    'c': (
        ('avg3 sep3 none sep3 avg3 sep3 none sep3 avg3 sep3', [0, 0, 0, 0, 2, 1, 0, 1, 3, 0], [1, 0, 0, 1, 0, 0, 0]),
        ('max3 max3 sep7 sep3 sep7 max3 sep5 sep5 max3 sep3', [0, 0, 2, 0, 0, 1, 4, 4, 1, 1], [0, 1, 0, 0, 0, 0, 0]),
    ),
    'd': (
        ('1x1 max3 none 1x7 1x1 1x7 max3 none avg3 1x1', [1, 1, 1, 0, 0, 0, 2, 2, 1, 5], [0, 1, 1, 0, 0, 1, 0]),
        ('max2 max3 none 3x3 1x7 max3 none max2 avg3 1x1', [0, 0, 2, 1, 2, 2, 3, 1, 2, 3], [1, 1, 1, 1, 0, 0, 0]),
    ),
}


def same_pad(x, kernel, stride, value=0.0):
    pads = []
    for size, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1]):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


class Conv(nn.Conv2d):
    def __init__(self, cin, cout, k, s=1, groups=1):
        super().__init__(cin, cout, k, s, groups=groups, bias=False)

    def forward(self, x):
        return super().forward(same_pad(x, self.kernel_size, self.stride))


def bn(c):
    return nn.BatchNorm2d(c, eps=1e-3, momentum=0.0003)


class Pool(nn.Module):
    def __init__(self, kind, k, s):
        super().__init__()
        self.kind, self.k, self.s = kind, (k, k), (s, s)

    def forward(self, x):
        if self.kind == 'max':
            return F.max_pool2d(same_pad(x, self.k, self.s, float('-inf')), self.k, self.s)
        ones = torch.ones_like(x[:1, :1])
        sums = F.avg_pool2d(same_pad(x, self.k, self.s), self.k, self.s)
        return sums / F.avg_pool2d(same_pad(ones, self.k, self.s), self.k, self.s)


class Sep(nn.Module):
    def __init__(self, cin, cout, k, s):
        super().__init__()
        self.depthwise = Conv(cin, cin, k, s, cin)
        self.pointwise = Conv(cin, cout, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


def op(name, cin, f, s):
    layers = {}
    if name in ('none', '1x1'):
        if s > 1 or name == '1x1' or cin != f:
            layers = {'relu': nn.ReLU(), '1x1': Conv(cin, f, 1, s), 'bn_1': bn(f)}
    elif name[:3] in ('avg', 'max'):
        layers = {'pool': Pool(name[:3], int(name[3]), s)}
        if cin != f:
            layers.update({'1x1': Conv(cin, f, 1), 'bn_1': bn(f)})
    elif name[:3] == 'sep':
        k = int(name[3])
        for i, (a, stride) in enumerate([(cin, s), (f, 1)], 1):
            layers[f'relu_{i}'] = nn.ReLU()
            layers[f'separable_{k}x{k}_{i}'] = Sep(a, f, k, stride)
            layers[f'bn_sep_{k}x{k}_{i}'] = bn(f)
    else:
        h = f // 4
        layers = {'r1': nn.ReLU(), 'pre_1x1': Conv(cin, h, 1), 'pre_bn': bn(h), 'r2': nn.ReLU()}
        if name == '3x3':
            layers['3x3'] = Conv(h, h, 3, s)
        else:
            layers['1x7'] = Conv(h, h, (1, 7), (1, s))
            layers['bn_1x7_7x1'] = bn(h)
            layers['r3'] = nn.ReLU()
            layers['7x1'] = Conv(h, h, (7, 1), (s, 1))
        layers.update({'bn': bn(h), 'r4': nn.ReLU(), 'post_1x1': Conv(h, f, 1), 'post_bn': bn(f)})
    return nn.Sequential(*[]) if not layers else named(layers)


def named(layers):
    seq = nn.Sequential()
    for key, layer in layers.items():
        seq.add_module(key, layer)
    return seq


class Factorized(nn.Module):
    def __init__(self, cin, f):
        super().__init__()
        assert f % 2 == 0
        self.path1_conv = Conv(cin, f // 2, 1)
        self.path2_conv = Conv(cin, f // 2, 1)
        self.final_path_bn = bn(f)

    def forward(self, x):
        moved = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        paths = [self.path1_conv(x[:, :, ::2, ::2]), self.path2_conv(moved[:, :, ::2, ::2])]
        return self.final_path_bn(torch.cat(paths, 1))


class Cell(nn.Module):
    """`shapes` of the last two maps as (channels, reductions so far)."""

    def __init__(self, spec, current, previous, f, stride):
        super().__init__()
        names, self.indices, used = spec
        self.prev = None
        if previous is not None and previous[1] != current[1]:
            self.prev = named({'relu': nn.ReLU(), 'reduction': Factorized(previous[0], f)})
        elif previous is not None and previous[0] != f:
            self.prev = named({'relu': nn.ReLU(), 'prev_1x1': Conv(previous[0], f, 1), 'prev_bn': bn(f)})
        self.base = named({'relu': nn.ReLU(), '1x1': Conv(current[0], f, 1), 'beginning_bn': bn(f)})
        channels = [f, current[0] if previous is None else f]
        for i in range(5):
            sides = nn.Module()
            for side, n in (('left', 2 * i), ('right', 2 * i + 1)):
                at = self.indices[n]
                setattr(sides, side, op(names.split()[n], channels[at], f, stride if at < 2 else 1))
            setattr(self, f'comb_iter_{i}', sides)
            channels.append(f)
        self.kept = [i for i, u in enumerate(used) if not u]
        for i in self.kept:
            if i < 2 and stride == 2:
                setattr(self, f'reduction_{i}', Factorized(channels[i], f))
            elif channels[i] != f:
                setattr(self, f'reduction_{i}', named({'path_conv': Conv(channels[i], f, 1), 'path_bn': bn(f)}))
        self.shape = (f * len(self.kept), current[1] + (stride == 2))

    def forward(self, current, previous):
        second = current if previous is None else previous
        states = [self.base(current), second if self.prev is None else self.prev(second)]
        for i in range(5):
            sides = getattr(self, f'comb_iter_{i}')
            left, right = (states[self.indices[2 * i + j]] for j in (0, 1))
            states.append(sides.left(left) + sides.right(right))
        outputs = [getattr(self, f'reduction_{i}')(states[i]) if hasattr(self, f'reduction_{i}') else states[i]
                   for i in self.kept]
        return torch.cat(outputs, 1)


class Amoeba(nn.Module):
    def __init__(self, cell, n, f, small, classes, aux_side=None):
        super().__init__()
        normal, reduction = CELLS[cell]
        width = 3 * f if small else 32
        conv0 = Conv(3, width, 3) if small else nn.Conv2d(3, width, 3, 2, bias=False)
        self.stem = nn.ModuleDict({'conv0': conv0, 'conv0_bn': bn(width)})
        self.names, shapes = [], [None, (width, 0)]

        def add(name, spec, filters, stride):
            setattr(self, name, Cell(spec, shapes[-1], shapes[-2], filters, stride))
            self.names.append(name)
            shapes.append(getattr(self, name).shape)

        if not small:
            add('cell_stem_0', reduction, f // 4, 2)
            add('cell_stem_1', reduction, f // 2, 2)
        places = [int(n / 3), int(2 * n / 3)]
        for i in range(n):
            if i in places:
                f *= 2
                add(f'reduction_cell_{places.index(i)}', reduction, f, 2)
            if i == places[1]:
                self.aux_after, aux_channels = self.names[-2], shapes[-2][0]
            add(f'cell_{i}', normal, f, 1)
        self.aux = None
        if aux_side:
            window = (aux_side - 5) // 3 + 1
            self.aux = nn.ModuleDict({
                'proj': Conv(aux_channels, 51, 1),
                'aux_bn0': bn(51),
                'conv': nn.Conv2d(51, 307, window, bias=False),
                'aux_bn1': bn(307),
                'FC': nn.Linear(307, classes),
            })
        self.final_layer = nn.ModuleDict({'FC': nn.Linear(shapes[-1][0], classes)})

    def forward(self, x):
        maps = [None, self.stem['conv0_bn'](self.stem['conv0'](x))]
        for name in self.names:
            maps.append(getattr(self, name)(maps[-1], maps[-2]))
        scores = self.final_layer['FC'](F.relu(maps[-1]).mean((2, 3)))
        if self.aux is None:
            return scores
        if not self.training:
            # Autograd wants every parameter to be used.
            return scores + 0 * sum(p.sum() for p in self.aux.parameters())
        y = F.avg_pool2d(F.relu(maps[2 + self.names.index(self.aux_after)]), 5, 3)
        y = F.relu(self.aux['aux_bn0'](self.aux['proj'](y)))
        y = F.relu(self.aux['aux_bn1'](self.aux['conv'](y)))
        return [scores, self.aux['FC'](y.flatten(1))]


def one(name, cell, n, f, small, side, **more):
    aux = more.pop('aux', None)
    options = {'num_cells': n, 'filters': f, 'num_classes': 10}
    if aux:
        options.update({'aux_logits': True, 'image_size': side})
    model = Amoeba(cell, n, f, small, 10, aux)
    source = 'tensorflow/tpu models/official/amoeba_net, written in PyTorch'
    result = case(name, options, model, [1, 3, side, side], source=source, **more)
    if aux:
        del result['backward_eval']
        # Single precision cannot reproduce gradients from behind a normalization over two values.
        gradients = result['backward_train']['grads']
        result['backward_train']['grads'] = {k: v for k, v in gradients.items() if k[:6] in ('final_', 'cell_2')}
    return result


write('amoebanet.json', [
    one('amoebanet_a_mobile_n12_f50', 'a', 3, 16, False, 75),
    one('amoebanet_b_mobile_n9_f62', 'b', 3, 16, False, 64),
    one('amoebanet_c_mobile_n12_f50', 'c', 3, 16, False, 64),
    one('amoebanet_d_n6_f256', 'd', 3, 32, False, 107),
    one('amoebanet_a_cifar_n18_f32', 'a', 3, 8, True, 32, aux=16, training=True),
])
