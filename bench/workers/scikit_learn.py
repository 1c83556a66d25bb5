# scikit-learn's side of the suite of classical methods.
import importlib
import time
import warnings

import numpy as np
import sklearn
from protocol import refuse_reference_blas, sample, serve, uniform
from threadpoolctl import threadpool_info

# Logistic regression and the MLP are stopped on purpose.
warnings.simplefilter("ignore")

loaded = {}
current = None


def signed(name, count):
    """In float32 first, as Ocelli's worker has them."""
    return (2 * uniform(name, count) - 1).astype(np.float32).astype(np.float64)


def read_images(data, part, count):
    pixels = np.fromfile(f"{data['folder']}/{part}.pixels", np.uint8, count * data["width"])
    x = pixels.reshape(count, data["width"]).astype(np.float64)
    labels = np.fromfile(f"{data['folder']}/{part}.labels", np.uint8, count)
    return x / 255 if data["scaled"] else x, labels.astype(np.int64)


def draw_numbers(data):
    x = signed("features", data["train"] * data["columns"]).reshape(data["train"], data["columns"])
    return x, x @ signed("factors", data["columns"]) + signed("noise", data["train"]) / 10


def load(data):
    key = str(data)
    if key not in loaded:
        if data["kind"] == "numbers":
            loaded[key] = [draw_numbers(data)] * 2
        else:
            loaded[key] = [read_images(data, part, data[part]) for part in ("train", "test")]
    return loaded[key]


def make(spec):
    path, options = spec["theirs"]
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(f"sklearn.{module}"), name)(**options)


def run(spec, train, test):
    method = make(spec)
    start = time.perf_counter()
    method.fit(*train)
    middle = time.perf_counter()
    result = getattr(method, spec["apply"])(test[0])
    end = time.perf_counter()
    return method, result, {"fit": 1000 * (middle - start), spec["apply"]: 1000 * (end - middle)}


def learned_of(method, name):
    value = getattr(method, name)
    return int(np.sum(value() if callable(value) else value))


def open_case(request):
    global current
    spec = request["spec"]
    train, test = load(spec["data"])
    current = spec, train, test
    method, result, _ = run(*current)
    answer = {"learned": learned_of(method, spec["learned"]["theirs"]) if "learned" in spec else None}
    if not sklearn.base.is_classifier(method):
        return {**answer, "values": sample(result.reshape(-1))}
    return {**answer, "values": result.tolist(), "accuracy": float(np.mean(result == test[1]))}


def time_case(request):
    times = {"fit": [], current[0]["apply"]: []}
    end = time.perf_counter() + request["milliseconds"] / 1000
    while not times["fit"] or time.perf_counter() < end:
        for phase, taken in run(*current)[2].items():
            times[phase].append(taken)
    return times


def hello(_):
    refuse_reference_blas()
    return {"version": sklearn.__version__, "threads": max(pool["num_threads"] for pool in threadpool_info())}


def close(_):
    global current
    current = None


serve({"hello": hello, "open": open_case, "time": time_case, "close": close})
