"""What scikit-learn's support vector machines learn, for the tests of test/classical/sv*.test.ts and linear-svc.test.ts.

python3 scripts/expected-svm.py ../shared/assets/datasets > test/classical/expected/svm.json
Each third row is predicted from the others; columns are standardised by all rows (digits: divided by 16).
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.svm import SVC, SVR, LinearSVC

warnings.filterwarnings("error")
root = Path(sys.argv[1])
files = {
    "iris": "tables/iris.csv",
    "wine": "tables/wine.csv",
    "pima": "tables/pima-indians-diabetes.csv",
    "glass": "tables/glass.csv",
    "digits": "optdigits/optdigits.tes",
    "housing": "tables/housing.csv",
}


def load(name):
    rows = [
        line.strip().split(",")
        for line in (root / files[name]).read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    if name == "iris":
        rows[34][3] = "0.2"
        rows[37][1:3] = ["3.6", "1.4"]
    x = np.array([row[:-1] for row in rows], float)
    deviation = x.std(0)
    x = x / 16 if name == "digits" else (x - x.mean(0)) / np.where(deviation == 0, 1, deviation)
    y = np.array([row[-1] for row in rows])
    return x, y.astype(float) if name == "housing" else np.unique(y, return_inverse=True)[1]


def split(name):
    x, y = load(name)
    held = np.arange(len(x)) % 3 == 0
    return x[~held], y[~held], x[held]


def numbers(values):
    return [float(f"{v:.13g}") for v in np.ravel(values)]


def weights(count):
    """0.5, 1.5, 2.5, 3.5, 4.5, 0.5, ..., and each eleventh sample left out."""
    return np.where(np.arange(count) % 11 == 0, 0, np.arange(count) % 5 + 0.5)


cases = {
    f"{name} {kernel}": (name, {"kernel": kernel}, False)
    for name in ("iris", "wine", "glass", "pima", "digits")
    for kernel in ("linear", "rbf", "poly", "sigmoid")
    if not (name in ("glass", "pima") and kernel == "sigmoid" or name == "digits" and kernel in ("poly", "sigmoid"))
}
cases |= {
    "glass weighted": ("glass", {"kernel": "rbf", "C": 10}, True),
    "pima weighted": ("pima", {"kernel": "rbf"}, True),
    "glass balanced": ("glass", {"kernel": "rbf", "class_weight": "balanced"}, False),
    "wine costly": ("wine", {"kernel": "poly", "degree": 2, "coef0": 1, "gamma": 0.5, "C": 1000}, False),
}
svc = {}
for key, (name, options, weighted) in cases.items():
    x, y, held = split(name)
    model = SVC(tol=1e-8, cache_size=500, **options).fit(x, y, weights(len(x)) if weighted else None)
    ovo = SVC(decision_function_shape="ovo", tol=1e-8, cache_size=500, **options).fit(
        x, y, weights(len(x)) if weighted else None
    )
    svc[key] = {
        "nSupport": model.n_support_.tolist(),
        "intercept": numbers(model.intercept_),
        "predicted": "".join(map(str, model.predict(held))),
        "ovr": numbers(model.decision_function(held[:3])),
        "ovo": numbers(ovo.decision_function(held[:3])),
    }

svr = {}
x, y, held = split("housing")
for key, options in {
    "linear": {"kernel": "linear"},
    "rbf": {"C": 10, "epsilon": 0.5},
    "poly": {"kernel": "poly", "degree": 2, "coef0": 1},
}.items():
    model = SVR(tol=1e-8, **options).fit(x, y)
    weighted = SVR(tol=1e-8, **options).fit(x, y, weights(len(x)))
    svr[key] = {
        "support": len(model.support_),
        "intercept": numbers(model.intercept_),
        "predicted": numbers(model.predict(held[:12])),
        "weighted": numbers(weighted.predict(held[:12])),
    }


def exact_linear(x, y, costs, scaling):
    """The optimum for the squared hinge, one row a class, by Newton's method with direct solutions."""
    rows = []
    x = np.hstack([x, np.full((len(x), 1), scaling)])
    for positive in (1,) if y.max() == 1 else range(y.max() + 1):
        signs = np.where(y == positive, 1, -1)
        cost = costs(positive)
        w = np.zeros(x.shape[1])
        for _ in range(100):
            missing = 1 - signs * (x @ w)
            inside = missing > 0
            scaled = x[inside].T * cost[inside]
            gradient = w - 2 * scaled @ (missing[inside] * signs[inside])
            w = w - np.linalg.solve(np.eye(len(w)) + 2 * scaled @ x[inside], gradient)
        assert np.abs(gradient).max() < 1e-9
        rows.append(w)
    return np.array(rows)


def linear_numbers(model, exact, scaling, columns=slice(None)):
    # liblinear stops some 1e-8 from the optimum, however small its tolerance: the exact one is compared with.
    assert np.abs(exact[:, :-1] - model.coef_).max() < 1e-6, np.abs(exact[:, :-1] - model.coef_).max()
    assert np.abs(exact[:, -1] * scaling - model.intercept_).max() < 1e-6
    return {"coef": numbers(exact[:, :-1][:, columns]), "intercept": numbers(exact[:, -1] * scaling)}


linear = {}
for name in ("iris", "wine", "pima", "glass", "digits"):
    x, y, held = split(name)
    model = LinearSVC(dual=False, tol=1e-12, max_iter=100_000).fit(x, y)
    exact = exact_linear(x, y, lambda _: np.ones(len(x)), 1)
    columns = slice(20, 23) if name == "digits" else slice(None)
    predicted = "".join(map(str, model.predict(held)))
    linear[f"{name} squaredHinge"] = {**linear_numbers(model, exact, 1, columns), "predicted": predicted}
    if name in ("iris", "wine"):
        model = LinearSVC(loss="hinge", tol=1e-9, max_iter=10_000_000).fit(x, y)
        predicted = "".join(map(str, model.predict(held)))
        linear[f"{name} hinge"] = {
            "coef": numbers(model.coef_),
            "intercept": numbers(model.intercept_),
            "predicted": predicted,
        }
for name, by_class in {"wine": {0: 2, 1: 1, 2: 0.5}, "pima": {0: 2, 1: 0.5}}.items():
    x, y, held = split(name)
    w = weights(len(x))
    model = LinearSVC(dual=False, tol=1e-12, intercept_scaling=10, C=0.1, class_weight=by_class, max_iter=100_000)
    model.fit(x, y, w)
    costs = lambda c: 0.1 * w * np.array([by_class[v] if v == c or name == "pima" else 1 for v in y])
    linear[f"{name} weighted"] = linear_numbers(model, exact_linear(x, y, costs, 10), 10)


def fitted_sigmoid(decisions, signs):
    """Platt's sigmoid by Newton's method, to the last digits."""
    positive, negative = (signs > 0).sum(), (signs < 0).sum()
    target = np.where(signs > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    a, b = 0.0, np.log((negative + 1) / (positive + 1))
    for _ in range(200):
        p = 1 / (1 + np.exp(a * decisions + b))
        gradient = np.array([np.sum(decisions * (target - p)), np.sum(target - p)])
        bend = p * (1 - p)
        hessian = np.array(
            [[np.sum(decisions**2 * bend), np.sum(decisions * bend)], [np.sum(decisions * bend), np.sum(bend)]]
        )
        step = np.linalg.solve(hessian, gradient)
        a, b = a - step[0] / 1.5, b - step[1] / 1.5
    return [a, b]


sigmoids = {}
for name in ("iris", "pima", "wine"):
    x, y = load(name)
    first, second = (1, 2) if name == "iris" else (0, 1)
    rows = np.concatenate([np.flatnonzero(y == first), np.flatnonzero(y == second)])
    x, signs = x[rows], np.where(y[rows] == first, 1, -1)
    count = len(rows)
    order = np.arange(count) * 37 % count
    decisions = np.zeros(count)
    for fold in range(5):
        out = order[fold * count // 5 : (fold + 1) * count // 5]
        kept = np.setdiff1d(np.arange(count), out)
        model = SVC(gamma=0.1, tol=1e-8).fit(x[kept], signs[kept])
        decisions[out] = model.decision_function(x[out])
    sigmoids[name] = numbers(fitted_sigmoid(decisions, signs))

print(json.dumps({"svc": svc, "svr": svr, "linear": linear, "sigmoids": sigmoids}, separators=(",", ":")))
