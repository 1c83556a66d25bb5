"""Exports networks of torchvision with random weights as ONNX, with an input and the outputs that torch computes.

python3 torch-export.py FOLDER NAME...: writes NAME.onnx, NAME.input.f32 and NAME.output.f32 (little-endian float32).
"""
import sys
import warnings

import torch
import torchvision

SIZES = {"alexnet": 128, "inception_v3": 128}
# Exported with training behaviour kept: batch normalization as nodes rather than folded into convolutions.
TRAINED = {"resnet18_train": "resnet18"}


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
    build = getattr(torchvision.models, TRAINED.get(name, name))
    options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    if name in ("googlenet", "inception_v3"):
        options["aux_logits"] = False
    net = randomized(build(**options)).eval()
    size = SIZES.get(name, 64)
    x = torch.randn(2, 3, size, size)
    keeps = name in TRAINED
    torch.onnx.export(
        net,
        x,
        f"{folder}/{name}.onnx",
        opset_version=13 if keeps else 11,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
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
