"""Keras' layers in plain numpy, images as [n, h, w, c], from TensorFlow's definitions: what the fixtures' outputs are made with."""
import numpy as np


def same(size, kernel, stride):
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return out, total // 2


def windows(x, kernel, stride, padding, fill):
    """Yields the output size, then for each output place the window, with `fill` outside of the image."""
    n, h, w, c = x.shape
    if padding == 'same':
        (oh, top), (ow, left) = same(h, kernel[0], stride[0]), same(w, kernel[1], stride[1])
    else:
        oh, ow, top, left = (h - kernel[0]) // stride[0] + 1, (w - kernel[1]) // stride[1] + 1, 0, 0
    big = np.full((n, h + 2 * kernel[0] + 9, w + 2 * kernel[1] + 9, c), fill, x.dtype)
    big[:, top:top + h, left:left + w] = x
    for i in range(oh):
        for j in range(ow):
            a, b = i * stride[0], j * stride[1]
            yield (oh, ow), (i, j), big[:, a:a + kernel[0], b:b + kernel[1]]


def over(x, kernel, stride, padding, fill, channels, f):
    out = None
    for size, (i, j), window in windows(x, kernel, stride, padding, fill):
        if out is None:
            out = np.zeros((x.shape[0], *size, channels), np.float64)
        out[:, i, j] = f(window)
    return out


def conv(x, k, b=0, stride=(1, 1), padding='valid'):
    return over(x, k.shape[:2], stride, padding, 0, k.shape[3], lambda w: np.einsum('nhwi,hwio->no', w, k)) + b


def depthwise(x, k, b=0, stride=(1, 1), padding='valid'):
    c = k.shape[2] * k.shape[3]
    f = lambda w: np.einsum('nhwi,hwim->nim', w, k).reshape(len(w), c)
    return over(x, k.shape[:2], stride, padding, 0, c, f) + b


def conv_transpose(x, k, b=0, stride=(1, 1), padding='valid'):
    """k is [h, w, out, in]: the gradient of a convolution to its input."""
    n, h, w, _ = x.shape
    kh, kw = k.shape[:2]
    full = np.zeros((n, h * stride[0] + kh, w * stride[1] + kw, k.shape[2]))
    for i in range(h):
        for j in range(w):
            a, c = i * stride[0], j * stride[1]
            full[:, a:a + kh, c:c + kw] += np.einsum('ni,hwoi->nhwo', x[:, i, j], k)
    if padding == 'same':
        oh, ow = h * stride[0], w * stride[1]
        top, left = same(oh, kh, stride[0])[1], same(ow, kw, stride[1])[1]
    else:
        oh, ow, top, left = h * stride[0] + max(kh - stride[0], 0), w * stride[1] + max(kw - stride[1], 0), 0, 0
    return full[:, top:top + oh, left:left + ow] + b


def max_pool(x, kernel, stride, padding):
    return over(x, kernel, stride, padding, -np.inf, x.shape[3], lambda w: w.max((1, 2)))


def average_pool(x, kernel, stride, padding):
    return over(x, kernel, stride, padding, np.nan, x.shape[3], lambda w: np.nanmean(w, (1, 2)))


def batch_norm(x, gamma, beta, mean, variance, eps=1e-3):
    return (x - mean) / np.sqrt(variance + eps) * gamma + beta


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def relu(x):
    return np.maximum(x, 0)


def hard_sigmoid(x, keras):
    return np.clip(0.2 * x + 0.5, 0, 1) if keras < 3 else np.clip(x / 6 + 0.5, 0, 1)
