# PyTorch's side of the benchmark.
import os
import re
import time

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from protocol import refuse_reference_blas, sample, serve, uniform

torch.set_num_threads(int(os.environ["OCELLI_THREADS"]))


def shaped(values, shape):
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def signed(name, shape):
    return shaped(2 * uniform(name, int(np.prod(shape))) - 1, shape)


def weights(name, shape):
    u = uniform(name, int(np.prod(shape)))
    last = name.rsplit(".", 1)[-1]
    if last == "running_mean":
        return 0.1 * (2 * u - 1)
    if last == "running_var":
        return 0.75 + 0.5 * u
    if len(shape) >= 2:
        return (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    return 0.5 + 0.5 * u if last == "weight" else 0.1 * (2 * u - 1)


def fill(module):
    for name, value in module.state_dict().items():
        if value.dtype == torch.float32:
            value.copy_(shaped(weights(name, value.shape), value.shape))
    return module


class LeNet5(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


def network(spec):
    model = architecture(spec["network"])
    return model if spec.get("fresh") else fill(model)


def architecture(name):
    if name == "lenet5":
        return LeNet5()
    if name == "resnet18_cifar":
        model = torchvision.models.resnet18(num_classes=10)
        model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
        return model
    options = {"transform_input": False, "aux_logits": True} if name in ("googlenet", "inception_v3") else {}
    if options:
        options["init_weights"] = False
    return getattr(torchvision.models, name)(**options)


layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def in_layouts(make):
    """The same workload with channels first and last: which is faster depends on the network."""
    return {name: make(layout) for name, layout in layouts.items()}


def inference(spec):
    x = signed("input", [spec["batch"], 3, spec["size"], spec["size"]])

    def eager(layout):
        model = network(spec).eval().to(memory_format=layout)
        images = x.contiguous(memory_format=layout)
        return lambda: model(images)

    # Frozen: batch normalization folded, oneDNN's own layouts inside.
    frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network(spec).eval(), x)))
    return {**in_layouts(eager), "frozen": lambda: frozen(x)}


def training(spec):
    def make(layout):
        model = network(spec).train().to(memory_format=layout)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        shape = [spec["batch"], spec.get("channels", 3), spec["size"], spec["size"]]
        x = signed("input", shape).contiguous(memory_format=layout)
        y = torch.arange(spec["batch"]) * 7 % spec["classes"]

        def step():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    # One copy of the network where its memory is measured.
    return {"": make(torch.contiguous_format)} if spec.get("fresh") else in_layouts(make)


def conv(spec):
    size = spec["kernel"]
    options = {"stride": spec.get("stride", 1), "groups": spec.get("groups", 1), "padding": (size - 1) // 2}
    return fill(torch.nn.Conv2d(spec["channels"], spec["out"], size, **options))


def kernel(spec):
    op = spec["op"]
    if op == "conv":
        shape = [spec["batch"], spec["channels"], spec["size"], spec["size"]]
        x = signed("input0", shape)

        def convolution(layout):
            module, images = conv(spec).to(memory_format=layout), x.contiguous(memory_format=layout)
            return lambda: module(images)

        return in_layouts(convolution)
    if op == "matmul":
        a, b = signed("input0", [spec["m"], spec["k"]]), signed("input1", [spec["k"], spec["n"]])
        return {"": lambda: torch.mm(a, b)}
    if op == "linear":
        x = signed("input0", [spec["m"], spec["k"]])
        module = fill(torch.nn.Linear(spec["k"], spec["n"], bias=False))
        return {"": lambda: module(x)}
    functions = {
        "maxPool": lambda x: F.max_pool2d(x, spec["kernel"], spec["stride"], spec["padding"]),
        "avgPool": lambda x: F.avg_pool2d(x, spec["kernel"], spec["stride"]),
        "globalAvgPool": lambda x: x.mean((2, 3)),
        "softmax": lambda x: x.softmax(-1),
        "addRelu": lambda x, y: torch.relu(x + y),
        "hardSwish": F.hardswish,
    }
    count = 2 if op == "addRelu" else 1
    inputs = [signed(f"input{i}", spec["shape"]) for i in range(count)]

    def function(layout):
        own = [x.contiguous(memory_format=layout) for x in inputs]
        return lambda: functions[op](*own)

    return in_layouts(function) if len(spec["shape"]) == 4 else {"": function(torch.contiguous_format)}


def values_of(result):
    if isinstance(result, float):
        return np.array([result])
    return (result[0] if isinstance(result, tuple) else result).detach().reshape(-1)


kinds = {"network": inference, "training": training, "kernel": kernel}
runs = {}
training_now = False


def grad_mode():
    return torch.enable_grad() if training_now else torch.inference_mode()


def hello(_):
    refuse_reference_blas()
    return {"version": torch.__version__, "threads": torch.get_num_threads()}


def open_case(request):
    global runs, training_now
    spec = request["spec"]
    training_now = spec["kind"] == "training"
    with torch.no_grad():
        runs = kinds[spec["kind"]](spec)
    with grad_mode():
        results = [run() for run in runs.values()]
    return {"sample": sample(values_of(results[0]))}


def timed(run, milliseconds):
    times = []
    end = time.perf_counter() + milliseconds / 1000
    while not times or (time.perf_counter() < end and len(times) < 1000):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return times


def time_case(request):
    with grad_mode():
        return {name: timed(run, request["milliseconds"]) for name, run in runs.items()}


def peak(_):
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read()).group(1)) / 1024


def close(_):
    global runs
    runs = {}


serve({"hello": hello, "open": open_case, "time": time_case, "peak": peak, "close": close})
