"""Exports networks of torchvision with random weights as ONNX, with an input and the outputs that torch computes.

python3 torch-export.py FOLDER NAME...: writes NAME.onnx, NAME.input.f32 and NAME.output.f32 (little-endian float32).
"""
import sys
import warnings

import torch
import torchvision

SIZES = {"alexnet": 128, "inception_v3": 128}
OPERATIONS = {"operations_9": 9, "operations_11": 11, "operations_13": 13, "operations_16": 16}
# Exported with training behaviour kept: batch normalization as nodes rather than folded into convolutions.
TRAINED = {"resnet18_train": "resnet18"}


class Operations(torch.nn.Module):
    """What layers and functions of torch become in the operator set."""

    def __init__(self, opset):
        super().__init__()
        self.opset = opset
        self.first = torch.nn.Conv2d(3, 16, 3, stride=2, padding=1, padding_mode="reflect" if opset > 9 else "zeros")
        self.norms = torch.nn.ModuleList(
            [torch.nn.GroupNorm(4, 16), torch.nn.InstanceNorm2d(16, affine=True), torch.nn.BatchNorm2d(16)]
        )
        self.up = torch.nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.activations = torch.nn.ModuleList(
            [torch.nn.PReLU(16), torch.nn.ELU(0.7), torch.nn.SELU(), torch.nn.GELU()]
            + [torch.nn.Softplus(), torch.nn.LeakyReLU(0.2), torch.nn.Hardtanh(-0.5, 0.9), torch.nn.ReLU6()]
            + ([torch.nn.SiLU(), torch.nn.Hardswish(), torch.nn.Hardsigmoid(), torch.nn.Mish()] if opset > 9 else [])
        )
        self.shuffle = torch.nn.PixelShuffle(2)
        self.lrn = torch.nn.LocalResponseNorm(4)
        self.line = torch.nn.Conv1d(12, 12, 3, dilation=2, padding=2)
        self.norm = torch.nn.LayerNorm(12)
        self.dense = torch.nn.Linear(12, 10)
        self.scale = torch.nn.Parameter(torch.rand(10))

    def forward(self, x):
        f = torch.nn.functional
        x = self.first(x)
        for norm in self.norms:
            x = norm(x)
        x = f.max_pool2d(x, 3, 2, 1, ceil_mode=self.opset > 9) + f.avg_pool2d(x, 3, 2, 1, count_include_pad=False)[
            :, :, :17, :17
        ].sum() * 0.01
        x = self.up(x)
        parts = torch.chunk(x, 4, 1)
        x = torch.cat([parts[3], parts[0], -parts[2], parts[1].abs().sqrt()], 1)
        for activation in self.activations:
            x = activation(x)
        x = f.interpolate(x, scale_factor=2.0, mode="nearest")
        if self.opset > 9:
            x = f.interpolate(x, size=(20, 20), mode="bilinear", align_corners=False)
            x = f.interpolate(x, size=(x.shape[2] + 3, 17), mode="bilinear", align_corners=True)
            x = f.interpolate(x, size=(12, 14), mode="bicubic", align_corners=False)
            x = f.pad(x, (1, 2, 0, 1), mode="replicate")
        x = self.lrn(x) + torch.log_softmax(x, 1) * 0.1
        mirrored, every = (self.shuffle(x).flip(3), x[:, ::4]) if self.opset > 9 else (self.shuffle(x), x[:, :4])
        x = torch.cat([self.shuffle(x), mirrored, every.repeat(1, 1, 2, 2)], 1)[:, :16]
        if self.opset >= 16:
            n, _, h, w = x.shape
            theta = torch.tensor([[[0.8, 0.3, 0.1], [-0.2, 0.9, -0.1]]])
            base = torch.stack(torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")[::-1], -1)
            grid = base.reshape(1, h * w, 2) @ theta[:, :, :2].transpose(1, 2) + theta[:, :, 2].unsqueeze(1)
            x = f.grid_sample(x, grid.reshape(1, h, w, 2).expand(n, h, w, 2), align_corners=True)
        x = x.clamp(-3, 4) / (1 + x.pow(2).mean((2, 3), keepdim=True))
        x = self.line(x.flatten(2)).transpose(1, 2)
        x = self.dense(self.norm(x))
        top = x.topk(3, -1)[0].sum(-1, keepdim=True)
        x = torch.where(x > 0, x * self.scale, x.exp()) + top * 0.1
        x = x.gather(2, x.argsort(-1)) if self.opset > 9 else x
        return torch.logsumexp(x, 1) + x.std(1) + x.amax(1) + torch.cumsum(x, 1)[:, -1] * 0.01 if self.opset > 9 else x.mean(1)


def randomized(net):
    """Statistics and scales that are not those of a fresh network, which would hide what is mixed up."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net


def export(folder, name):
    torch.manual_seed(7)
    options = {"init_weights": True, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    if name in OPERATIONS:
        net = Operations(OPERATIONS[name])
    else:
        net = getattr(torchvision.models, TRAINED.get(name, name))(**options)
    net = randomized(net).eval()
    size = SIZES.get(name, 64)
    x = torch.randn(2, 3, size, size)
    keeps = name in TRAINED
    torch.onnx.export(
        net,
        x,
        f"{folder}/{name}.onnx",
        opset_version=OPERATIONS.get(name, 13 if keeps else 11),
        input_names=["input"],
        output_names=["output"],
        # Before opset 10 many operations need sizes that are fixed.
        dynamic_axes=None if OPERATIONS.get(name) == 9 else {"input": {0: "batch"}, "output": {0: "batch"}},
        training=torch.onnx.TrainingMode.PRESERVE if keeps else torch.onnx.TrainingMode.EVAL,
        do_constant_folding=not keeps,
    )
    with torch.no_grad():
        y = net.eval()(x)
    x.numpy().tofile(f"{folder}/{name}.input.f32")
    y.numpy().tofile(f"{folder}/{name}.output.f32")
    print(name, "x".join(map(str, x.shape)), "x".join(map(str, y.shape)))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    for name in sys.argv[2:]:
        export(sys.argv[1], name)
