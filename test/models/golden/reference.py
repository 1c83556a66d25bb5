"""Reference results of PyTorch networks in the format of the golden files, which `npm run golden -- FILE` reads too.

A script beside this one builds reference networks and writes what `case` gives for each:

    from reference import case, write
    write('family.json', [case('name', {}, model, [1, 3, 64, 64], source='owner/repository@commit')])
"""
import copy
import json
import pathlib
from math import prod, sqrt

import numpy as np
import torch
from torch import nn

SALT = 'ocelli'


def uniform(name, shape):
    """The values in [0, 1) of the elements of the tensor called `name`."""
    h = 0x811C9DC5
    for byte in f'{SALT}:{name}'.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (np.arange(prod(shape), dtype=np.uint64) * 0x9E3779B9 + h) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & 0xFFFFFFFF
    x ^= x >> 16
    return (x / 2**32).reshape(shape)


def tensor(values):
    return torch.from_numpy(np.asarray(values, dtype=np.float32)).double()


def signed(name, shape):
    return tensor(2 * uniform(name, shape) - 1)


def fill(model, renamed, constants):
    """Deterministic weights; `renamed` gives the name of each tensor in the state dict of the network under test."""
    for key, value in model.state_dict().items():
        name = renamed(key)
        if not value.is_floating_point() or name is None or name in constants:
            continue
        u, shape, last = uniform(name, value.shape), value.shape, name.rsplit('.', 1)[-1]
        if last == 'running_mean':
            u = 0.1 * (2 * u - 1)
        elif last == 'running_var':
            u = 0.75 + 0.5 * u
        elif len(shape) >= 2:
            u = (2 * u - 1) * sqrt(6 / prod(shape[1:]))
        elif last == 'weight':
            u = 0.5 + 0.5 * u
        else:
            u = 0.1 * (2 * u - 1)
        value.copy_(tensor(u))


def digits(value):
    return float('%.9g' % value)


def described(t):
    flat = t.detach().flatten()
    stride = max(1, -(-flat.numel() // 16))
    return {
        'shape': list(t.shape),
        'l2': digits(flat.norm()),
        'argmax': int(flat.argmax()),
        'stride': stride,
        'sample': [digits(v) for v in flat[::stride]],
    }


def summarized(t):
    return {'l2': digits(t.norm()), 'first': [digits(v) for v in t.flatten()[:4]]}


def macs_of(model, shape):
    """Multiply-accumulates of convolutions and linear layers."""
    macs = 0

    def add(module, inputs, output):
        nonlocal macs
        if isinstance(module, nn.ConvTranspose2d):
            macs += inputs[0].numel() * prod(module.weight.shape[1:])
        else:
            per_output = module.in_features if isinstance(module, nn.Linear) else prod(module.weight.shape[1:])
            macs += output.numel() * per_output

    kinds = (nn.Conv2d, nn.Linear, nn.ConvTranspose2d)
    hooks = [m.register_forward_hook(add) for m in model.modules() if isinstance(m, kinds)]
    with torch.no_grad():
        model(torch.zeros(shape).double())
    for hook in hooks:
        hook.remove()
    return macs


def outputs_of(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def without_chance(model):
    """Dropout and its kin are off in the backward parts."""
    for module in model.modules():
        for attribute in ('p', 'drop_prob', 'drop_rate'):
            if isinstance(getattr(module, attribute, None), float):
                setattr(module, attribute, 0.0)


def gradients_of(model, shape, renamed, noise=None):
    """The outputs, and the gradient of each parameter that has one, in the precision of the model.

    `noise` names the rounding, as it were, of the input by a millionth."""
    dtype = next(model.parameters()).dtype
    x = signed('input', [2, *shape[1:]])
    if noise is not None:
        x = x * (1 + 1e-6 * signed(noise, x.shape))
    outputs = outputs_of(model(x.to(dtype)))
    loss = sum((output * signed(f'cotangent{j}', output.shape).to(dtype)).sum() for j, output in enumerate(outputs))
    named = [(renamed(key), p) for key, p in model.named_parameters() if p.requires_grad and renamed(key)]
    gradients = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    return outputs, {name: g.double() for (name, _), g in zip(named, gradients) if g is not None}


def reproducible(gradient, single):
    """Whether another rounding keeps a gradient: half of what the golden files allow in norm and elements."""
    if abs(single.norm() - gradient.norm()) > 1e-3 * gradient.norm():
        return False
    return bool((single - gradient).flatten()[:4].abs().max() <= 4e-3 * gradient.abs().max())


def backward(model, shape, renamed, training):
    model.train(training)
    torch.set_default_dtype(torch.float32)
    others = [gradients_of(copy.deepcopy(model).float(), shape, renamed)[1]]
    torch.set_default_dtype(torch.float64)
    others += [gradients_of(copy.deepcopy(model), shape, renamed, f'noise{i}')[1] for i in range(3)]
    outputs, gradients = gradients_of(model, shape, renamed)
    # An activation so near to its kink that rounding decides on its side makes the gradients before it no test.
    kept = [(name, g) for name, g in gradients.items() if all(reproducible(g, other[name]) for other in others)]
    result = {
        'outputs': [described(output) for output in outputs],
        'grads': {name: summarized(g) for name, g in kept[:: max(1, len(kept) // 12)]},
    }
    if training:
        statistics = [(renamed(key), b) for key, b in model.named_buffers() if 'running_' in key and renamed(key)]
        result['running'] = {name: summarized(b) for name, b in statistics[:: max(1, len(statistics) // 12)]}
    return result


def case(name, options, model, shape, *, renamed=lambda key: key, constants=(), training=False, **extra):
    """One case; the model returns its outputs in the order of `forwardAll`.

    `renamed` maps the reference's names to those of the network under test, None for tensors it does not have.
    `training` adds results in training mode: leave it out where float32 cannot reproduce them (batch normalization over
    few values). `extra` holds a source or a note.
    """
    torch.set_default_dtype(torch.float64)
    model = model.double().eval()
    with torch.no_grad():
        fill(model, renamed, set(constants))
    without_chance(model)
    state = [[renamed(key), list(value.shape)] for key, value in model.state_dict().items() if renamed(key)]
    result = {
        'case': f'{name}:{json.dumps(options)}' if options else name,
        'name': name,
        'options': options,
        'input': shape,
        'params': sum(p.numel() for key, p in model.named_parameters() if p.requires_grad and renamed(key)),
        'macs': macs_of(model, shape),
        'stateDict': state,
        **extra,
    }
    if constants:
        result['constants'] = list(constants)
    with torch.no_grad():
        result['eval'] = [described(output) for output in outputs_of(model(signed('input', shape)))]
    result['backward_eval'] = backward(model, shape, renamed, False)
    if training:
        result['backward_train'] = backward(model, shape, renamed, True)
    return result


def write(file, cases):
    """Writes the cases beside this module, one a line."""
    lines = ',\n'.join(json.dumps(entry) for entry in cases)
    path = pathlib.Path(__file__).parent / file
    path.write_text(f'{{"salt": "{SALT}", "cases": [\n{lines}\n]}}\n')
