"""Writes the fixtures of this folder with h5py, as the versions of Keras lay files out, and what the networks give.

Run in this folder: python3 make.py (numpy, h5py)
"""
import io, json, zipfile
import h5py
import numpy as np
from reference import *

r = np.random.RandomState(7)
f4 = lambda *shape: r.uniform(-0.6, 0.6, shape).astype('f4')
positive = lambda n: r.uniform(0.3, 1.5, n).astype('f4')

# Arrays of each layer in Keras' order, with their names in Keras 2.
weights = {
    'first': {'kernel': f4(3, 3, 3, 4), 'bias': f4(4)},
    'norm': {'beta': f4(4), 'moving_mean': f4(4), 'moving_variance': positive(4)},
    'each': {'depthwise_kernel': f4(3, 3, 4, 2), 'bias': f4(8)},
    'slopes': {'alpha': f4(1, 1, 8)},
    'both': {'depthwise_kernel': f4(3, 2, 8, 1), 'pointwise_kernel': f4(1, 1, 8, 5), 'bias': f4(5)},
    'larger': {'kernel': f4(3, 3, 3, 5), 'bias': f4(3)},
    'classes': {'kernel': f4(64, 3), 'bias': f4(3)},
}
shared = {
    'inner_conv': {'kernel': f4(1, 1, 8, 2), 'bias': f4(2)},
    'inner_norm': {'gamma': f4(2), 'beta': f4(2), 'moving_mean': f4(2), 'moving_variance': positive(2)},
}


def run(x, keras):
    w = {k: list(v.values()) for k, v in {**weights, **shared}.items()}
    x = relu(conv(x, *w['first'], stride=(2, 2), padding='same'))
    x = batch_norm(x, 1, *w['norm'])
    x = depthwise(x, *w['each'], padding='same')
    p = np.where(x > 0, x, x * w['slopes'][0])
    s = conv(depthwise(p, w['both'][0], padding='same'), *w['both'][1:])
    t = conv_transpose(s, *w['larger'], stride=(2, 2), padding='same')
    m = max_pool(t, (3, 3), (2, 2), 'same')
    a = average_pool(s, (2, 2), (1, 1), 'same')
    c = np.concatenate([m, a], -1)
    nested = lambda v: batch_norm(conv(v, *w['inner_conv']), *w['inner_norm'])
    y = hard_sigmoid(nested(c) + nested(p), keras)
    y = np.pad(y, ((0, 0), (1, 0), (0, 2), (0, 0)))[:, :-1, 1:]
    u = y.repeat(2, 1)
    q = u.reshape(-1, 4, 8, 2).transpose(0, 2, 1, 3)
    scores = softmax(q.reshape(len(q), -1) @ w['classes'][0] + w['classes'][1])
    return scores, np.where(u > 0.5, u - 0.5, 0.25 * (u - 0.5))


def layer(name, class_name, inputs, **config):
    return {'name': name, 'class_name': class_name, 'inputs': inputs, 'config': {'name': name, **config}}


shared_layers = [
    layer('inner_conv', 'Conv2D', None, filters=2, kernel_size=[1, 1], use_bias=True, activation='linear'),
    layer('inner_norm', 'BatchNormalization', None, axis=[3], epsilon=0.001, momentum=0.99, scale=True, center=True),
]
layers = [
    layer('image', 'InputLayer', []),
    layer('first', 'Conv2D', [['image', 0]], filters=4, kernel_size=[3, 3], strides=[2, 2], padding='same', activation='relu', use_bias=True, data_format='channels_last'),
    layer('norm', 'BatchNormalization', [['first', 0]], axis=-1, epsilon=0.001, scale=False, center=True),
    layer('each', 'DepthwiseConv2D', [['norm', 0]], kernel_size=[3, 3], depth_multiplier=2, padding='same', use_bias=True),
    layer('slopes', 'PReLU', [['each', 0]], shared_axes=[1, 2]),
    layer('both', 'SeparableConv2D', [['slopes', 0]], filters=5, kernel_size=[3, 2], padding='same', use_bias=True),
    layer('larger', 'Conv2DTranspose', [['both', 0]], filters=3, kernel_size=[3, 3], strides=[2, 2], padding='same', output_padding=None),
    layer('largest', 'MaxPooling2D', [['larger', 0]], pool_size=[3, 3], strides=[2, 2], padding='same'),
    layer('mean', 'AveragePooling2D', [['both', 0]], pool_size=[2, 2], strides=[1, 1], padding='same'),
    layer('joined', 'Concatenate', [['largest', 0], ['mean', 0]], axis=-1),
    layer('twice', 'Sequential', [[['joined', 0]], [['slopes', 0]]]),
    layer('sum', 'Add', [['twice', 0], ['twice', 1]]),
    layer('bounded', 'Activation', [['sum', 0]], activation='hard_sigmoid'),
    layer('around', 'ZeroPadding2D', [['bounded', 0]], padding=[[1, 0], [0, 2]]),
    layer('cut', 'Cropping2D', [['around', 0]], cropping=[[0, 1], [1, 0]]),
    layer('taller', 'UpSampling2D', [['cut', 0]], size=[2, 1], interpolation='nearest'),
    layer('folded', 'Reshape', [['taller', 0]], target_shape=[4, 8, 2]),
    layer('turned', 'Permute', [['folded', 0]], dims=[2, 1, 3]),
    layer('flat', 'Flatten', [['turned', 0]], data_format='channels_last'),
    layer('dropped', 'Dropout', [['flat', 0]], rate=0.5),
    layer('classes', 'Dense', [['dropped', 0]], units=3, activation='softmax', use_bias=True),
    layer('shifted', 'Rescaling', [['taller', 0]], scale=1.0, offset=-0.5),
    layer('picture', 'ReLU', [['shifted', 0]], negative_slope=0.25, threshold=0.0, max_value=None),
]


def calls(each):
    inputs = each['inputs']
    return inputs if each['class_name'] == 'Sequential' else [inputs] if inputs else []


def keras2(shift):
    """`shift`: the first call of a model within counts as 1."""
    def entry(name, node):
        return [name, node + (shift if name == 'twice' else 0), 0, {}]
    out = []
    for each in layers:
        config = dict(each['config'])
        if each['class_name'] == 'InputLayer':
            config['batch_input_shape'] = [None, 7, 6, 3]
        if each['class_name'] == 'Sequential':
            inner = [dict(class_name=l['class_name'], config=dict(l['config'])) for l in shared_layers]
            inner[0]['config']['batch_input_shape'] = [None, None, None, 8]
            config['layers'] = inner
        out.append(dict(class_name=each['class_name'], name=each['name'], config=config,
                        inbound_nodes=[[entry(*i) for i in call] for call in calls(each)]))
    ends = [['classes', 0, 0], ['picture', 0, 0]]
    return dict(class_name='Functional', config=dict(name='net', layers=out, input_layers=[['image', 0, 0]], output_layers=ends))


def keras3():
    def tensor(name, node):
        return {'class_name': '__keras_tensor__', 'config': {'shape': [None], 'dtype': 'float32', 'keras_history': [name, node, 0]}}
    out = []
    for each in layers:
        config = {**each['config'], 'dtype': {'module': 'keras', 'class_name': 'DTypePolicy', 'config': {'name': 'float32'}}}
        if each['class_name'] == 'InputLayer':
            config['batch_shape'] = [None, 7, 6, 3]
        if each['class_name'] == 'Sequential':
            first = dict(module='keras.layers', class_name='InputLayer', config=dict(name='given', batch_shape=[None, None, None, 8]))
            config['layers'] = [first] + [dict(module='keras.layers', class_name=l['class_name'], config=l['config']) for l in shared_layers]
        nodes = []
        for call in calls(each):
            tensors = [tensor(*i) for i in call]
            nodes.append(dict(args=[tensors] if len(tensors) > 1 else tensors, kwargs={}))
        out.append(dict(module='keras.layers', class_name=each['class_name'], config=config, registered_name=None, name=each['name'], inbound_nodes=nodes))
    ends = [['classes', 0, 0], ['picture', 0, 0]]
    return dict(module='keras.src.models.functional', class_name='Functional', registered_name='Functional',
                config=dict(name='net', layers=out, input_layers=['image', 0, 0], output_layers=ends))


def legacy(group, version, left_out=()):
    names = [l['name'] for l in layers if (l['name'] in weights or l['name'] in ('image', 'twice')) and l['name'] not in left_out]
    group.attrs['layer_names'] = [n.encode() for n in names]
    group.attrs['backend'] = b'tensorflow'
    group.attrs['keras_version'] = version.encode()
    for name in names:
        g = group.create_group(name)
        if name == 'twice':
            # All that is trained, then the rest.
            kept = lambda k: k.startswith('moving_')
            arrays = [(f'{l}/{k}:0', v) for want in (False, True) for l, s in shared.items() for k, v in s.items() if kept(k) == want]
        else:
            arrays = [(f'{name}/{k}:0', v) for k, v in weights.get(name, {}).items()]
        g.attrs['weight_names'] = [k.encode() for k, _ in arrays]
        for k, v in arrays:
            g[k] = v


with h5py.File('keras2.h5', 'w', libver='latest') as f:
    f.attrs['model_config'] = json.dumps(keras2(1)).encode()
    f.attrs['keras_version'] = b'2.4.0'
    f.attrs['backend'] = b'tensorflow'
    legacy(f.create_group('model_weights'), '2.4.0')

with h5py.File('keras2.weights-only.h5', 'w') as f:
    legacy(f, '2.2.4', left_out=('slopes', 'both', 'each'))

classes = {'first': 'conv2d', 'norm': 'batch_normalization', 'each': 'depthwise_conv2d', 'slopes': 'p_re_lu', 'both': 'separable_conv2d',
           'larger': 'conv2d_transpose', 'classes': 'dense'}


def store3(f, container, dtype):
    for name, arrays in weights.items():
        for i, v in enumerate(arrays.values()):
            f[f'{container}/{classes[name]}/vars/{i}'] = v.astype(dtype)
    for name, arrays in zip(('conv2d', 'batch_normalization'), shared.values()):
        for i, v in enumerate(arrays.values()):
            f[f'{container}/sequential/{container}/{name}/vars/{i}'] = v.astype(dtype)
    f['optimizer/vars/0'] = np.int64(12)


with h5py.File('keras3.float16.weights.h5', 'w', libver='latest') as f:
    store3(f, 'layers', 'f2')

buffer = io.BytesIO()
with h5py.File(buffer, 'w', libver='latest') as f:
    store3(f, 'layers', 'f4')
with zipfile.ZipFile('keras3.keras', 'w') as z:
    z.writestr('metadata.json', json.dumps({'keras_version': '3.3.3', 'date_saved': '2024-05-01@00:00:00'}))
    z.writestr('config.json', json.dumps(keras3()), zipfile.ZIP_DEFLATED)
    z.writestr('model.weights.h5', buffer.getvalue())

# Keras 1: kernels as Theano has them, layers by number, a Merge of two ways.
k1 = {'conv': [f4(4, 2, 3, 3), f4(4)], 'bn': [f4(4), f4(4), f4(4), positive(4)], 'fc': [f4(4 * 4 * 3, 2), f4(2)]}
config1 = {'class_name': 'Sequential', 'keras_version': '1.2.2', 'config': [
    {'class_name': 'Convolution2D', 'config': {'name': 'conv', 'batch_input_shape': [None, 2, 4, 3], 'nb_filter': 4, 'nb_row': 3, 'nb_col': 3,
                                               'border_mode': 'same', 'subsample': [1, 1], 'dim_ordering': 'th', 'bias': True, 'activation': 'relu'}},
    {'class_name': 'BatchNormalization', 'config': {'name': 'bn', 'mode': 0, 'axis': 1, 'epsilon': 1e-5, 'momentum': 0.99}},
    {'class_name': 'Flatten', 'config': {'name': 'flatten'}},
    {'class_name': 'Dense', 'config': {'name': 'fc', 'output_dim': 2, 'activation': 'linear', 'bias': True}}]}
for name, turned in (('keras1.h5', False), ('keras1_th_kernels.h5', True)):
    with h5py.File(name, 'w', libver='latest') as f:
        f.attrs['model_config'] = json.dumps(config1)
        f.attrs['keras_version'] = '1.2.2'
        g = f.create_group('model_weights')
        g.attrs['nb_layers'] = 4
        for i, key in enumerate(['conv', 'bn', None, 'fc']):
            layer_group = g.create_group(f'layer_{i}')
            arrays = k1.get(key, [])
            layer_group.attrs['nb_params'] = len(arrays)
            for j, v in enumerate(arrays):
                layer_group[f'param_{j}'] = v[:, :, ::-1, ::-1] if turned and v.ndim == 4 else v

x1 = f4(2, 2, 4, 3)
y1 = relu(conv(x1.transpose(0, 2, 3, 1), k1['conv'][0].transpose(2, 3, 1, 0), k1['conv'][1], padding='same'))
y1 = batch_norm(y1, *k1['bn'], eps=1e-5).transpose(0, 3, 1, 2).reshape(2, -1) @ k1['fc'][0] + k1['fc'][1]

x = f4(2, 7, 6, 3) * 2
digits = lambda v: [float('%.9g' % n) for n in np.asarray(v, 'f8').ravel()]
expected = {'input': digits(x.transpose(0, 3, 1, 2)), 'keras1': {'input': digits(x1), 'output': digits(y1)}}
for keras in (2, 3):
    scores, picture = run(x, keras)
    expected[f'keras{keras}'] = {'scores': digits(scores), 'picture': digits(picture.transpose(0, 3, 1, 2))}
expected['weights'] = {f'{k}.{n}': digits(v) for k, s in {**weights, **shared}.items() for n, v in s.items()}
json.dump(expected, open('expected.json', 'w'))
