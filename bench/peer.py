# The PyTorch side of the benchmark: reads a workload's name from each line, answers with milliseconds.
import sys
import time

import torch
import torch.nn.functional as F
import torchvision

torch.set_num_threads(int(sys.argv[1]))


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


def sgemm(size):
    a, b = torch.rand(size, size), torch.rand(size, size)
    return lambda: torch.mm(a, b)


def inference(name, batch, channels_last):
    model = getattr(torchvision.models, name)().eval()
    x = torch.rand(batch, 3, 224, 224)
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            return model(x)

    return run


def lenet_step(batch):
    model = LeNet5()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.rand(batch, 1, 32, 32), torch.randint(0, 10, (batch,))

    def run():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


workloads = {
    "sgemm 1024": [lambda: sgemm(1024)],
    "lenet5 training step, batch 64": [lambda: lenet_step(64)],
    "lenet5 training step, batch 256": [lambda: lenet_step(256)],
    "resnet18 inference, batch 1": [lambda: inference("resnet18", 1, False), lambda: inference("resnet18", 1, True)],
    "resnet18 inference, batch 8": [lambda: inference("resnet18", 8, False), lambda: inference("resnet18", 8, True)],
    "mobilenet_v2 inference, batch 1": [
        lambda: inference("mobilenet_v2", 1, False),
        lambda: inference("mobilenet_v2", 1, True),
    ],
}
ready = {}
for line in sys.stdin:
    name, repeats = line.rstrip("\n").split("\t")
    runs = ready.setdefault(name, None) or [make() for make in workloads[name]]
    if ready[name] is None:
        ready[name] = runs
        for run in runs:
            run(), run()
    best = 1e9
    for run in runs:
        for _ in range(int(repeats)):
            start = time.perf_counter()
            run()
            best = min(best, time.perf_counter() - start)
    print(best * 1000, flush=True)
