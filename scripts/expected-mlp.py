"""Writes what scikit-learn's multilayer perceptrons make of tables in ../shared/assets/datasets to test/classical/expected/mlp.json.

Run by hand, with the Python that has scikit-learn 1.2: python3 scripts/expected-mlp.py
All columns, and numbers to be predicted, are scaled to mean 0 and deviation 1. Where losses are compared step by step, both
sides start from weight i of all, counted layer by layer (coefficients row by row, then intercepts): 0.4 sin(1 + 1.7 i).
"""

import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore", ConvergenceWarning)
root = Path(__file__).resolve().parent.parent
tables = root.parent / "shared/assets/datasets"


def load(name):
    lines = (tables / name).read_text().split("\n")
    rows = [line.strip().split(",") for line in lines if line.strip() and not line.startswith("#")]
    last = [row[-1] for row in rows]
    x = StandardScaler().fit_transform(np.array([[float(value) for value in row[:-1]] for row in rows]))
    return x, np.array(last) if name == "tables/iris.csv" else np.array([float(value) for value in last])


def fixed(kind):
    class Fixed(kind):
        def _initialize(self, y, layer_units, dtype):
            self.count = 0
            super()._initialize(y, layer_units, dtype)

        def _init_coef(self, fan_in, fan_out, dtype):
            at = self.count + np.arange(fan_in * fan_out + fan_out)
            self.count += len(at)
            values = 0.4 * np.sin(1 + 1.7 * at)
            return values[: fan_in * fan_out].reshape(fan_in, fan_out), values[fan_in * fan_out :].copy()

    return Fixed


iris = load("tables/iris.csv")
pima = load("tables/pima-indians-diabetes.csv")
housing = load("tables/housing.csv")
housing = housing[0], (housing[1] - housing[1].mean()) / housing[1].std()
sets = {"iris": iris, "pima-indians-diabetes": pima, "housing": housing}

steps = [
    ("iris", dict(solver="sgd", learning_rate_init=0.1)),
    ("iris", dict(solver="sgd", learning_rate_init=0.1, nesterovs_momentum=False, activation="tanh", alpha=1.0)),
    ("iris", dict(solver="sgd", learning_rate_init=0.5, momentum=0.0, activation="logistic", hidden_layer_sizes=[7, 5])),
    ("iris", dict(solver="adam", learning_rate_init=0.01)),
    ("iris", dict(solver="adam", learning_rate_init=0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3, batch_size=64)),
    ("iris", dict(solver="sgd", learning_rate_init=0.2, batch_size=64, learning_rate="invscaling", power_t=0.2)),
    ("iris", dict(solver="sgd", learning_rate_init=0.1, learning_rate="adaptive", tol=0.05, n_iter_no_change=1)),
    ("iris", dict(solver="adam", learning_rate_init=0.01, hidden_layer_sizes=[], activation="identity")),
    ("iris", dict(solver="adam", learning_rate_init=0.05, tol=0.02, n_iter_no_change=2, max_iter=200)),
    ("pima-indians-diabetes", dict(solver="sgd", learning_rate_init=0.1, activation="tanh", alpha=0.1)),
    ("pima-indians-diabetes", dict(solver="adam")),
    ("housing", dict(solver="sgd", learning_rate_init=0.02, momentum=0.5)),
    ("housing", dict(solver="adam", learning_rate_init=0.01, hidden_layer_sizes=[8, 8])),
]
minima = [
    ("iris", dict(alpha=1.0, hidden_layer_sizes=[6], activation="logistic")),
    ("iris", dict(alpha=0.1, hidden_layer_sizes=[], activation="identity")),
    ("pima-indians-diabetes", dict(alpha=20.0, hidden_layer_sizes=[5], activation="tanh")),
    ("housing", dict(alpha=5.0, hidden_layer_sizes=[6], activation="tanh")),
]
defaults = dict(hidden_layer_sizes=[10], max_iter=15, shuffle=False, batch_size=1000)


def camel(name):
    first, *rest = name.split("_")
    return "".join([first, *(word.capitalize() for word in rest)])


def case(name, given):
    kind = fixed(MLPRegressor if name == "housing" else MLPClassifier)
    options = {**defaults, **given}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = kind(**options).fit(*sets[name])
    described = {camel(key): value for key, value in options.items()}
    return model, {"table": name, "options": described, "loss": float(model.loss_), "nIter": int(model.n_iter_)}


def curve(name, given):
    model, described = case(name, given)
    return {**described, "lossCurve": [float(f"{loss:.9g}") for loss in model.loss_curve_]}


def minimum(name, given):
    model, described = case(name, {"solver": "lbfgs", "max_iter": 2000, "tol": 1e-6, **given})
    return described


def spread(x, y, kind=MLPClassifier, **options):
    test = np.arange(len(x)) % 4 == 0
    found = [kind(random_state=seed, **options).fit(x[~test], y[~test]).score(x[test], y[test]) for seed in range(10)]
    return {"lowest": min(found), "highest": max(found)}


result = {
    "steps": [curve(*each) for each in steps],
    "minima": [minimum(*each) for each in minima],
    # Every fourth row is tested, ten seeds.
    "scores": {
        "iris": spread(*iris, max_iter=400),
        "wine": spread(*load("tables/wine.csv")),
        "digits": spread(*load("optdigits/optdigits.tes"), max_iter=25),
        "housing": spread(*housing, kind=MLPRegressor),
    },
}
path = root / "test/classical/expected/mlp.json"
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
for each in result["steps"]:
    print(each["table"], each["options"]["solver"], len(each["lossCurve"]), each["lossCurve"][0], each["loss"])
for each in result["minima"]:
    print(each["table"], each["nIter"], each["loss"])
print(result["scores"])
