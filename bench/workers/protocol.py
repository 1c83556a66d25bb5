# The Python side of the protocol of serve.mjs, and what its engines share.
import json
import re
import sys

import numpy as np


def uniform(name, count):
    """The values in [0, 1) that scripts/golden.mjs gives the same name."""
    value = 0x811C9DC5
    for byte in f"bench:{name}".encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        x = np.uint32(value) + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return (x ^ (x >> np.uint32(16))).astype(np.float64) / 2**32


def sample(values):
    """Values spread over a result, enough to tell a wrong one."""
    stride = max(1, len(values) // 4096)
    return values[::stride].tolist()


def refuse_reference_blas():
    with open("/proc/self/maps") as maps:
        if re.search(r"/libblas\.so\.3\.\d+\.", maps.read()):
            raise RuntimeError("its matrix products would run on the reference BLAS: apt-get install libopenblas0")


def serve(handlers):
    """Answers requests with `handlers[request["do"]](request)` until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": handlers[request["do"]](request)}
        except Exception as error:
            answer = {"answer": None, "error": str(error)[:500] or type(error).__name__}
        print(json.dumps(answer), flush=True)
