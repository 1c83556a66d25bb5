"""Writes test/classical/expected/linear.json with scikit-learn 1.2: linear models and discriminant analysis.

Run beside the folder `shared`. Digits are divided by 16; 'standard' tables have columns of mean 0 and deviation 1.
"""

import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge

warnings.filterwarnings("ignore")
root = Path(__file__).resolve().parent.parent
datasets = root.parent / "shared/assets/datasets"


def table(name):
    rows = [line.split(",") for line in (datasets / f"tables/{name}.csv").read_text().split() if line]
    x = np.array([[float(cell) for cell in row[:-1]] for row in rows])
    last = [row[-1] for row in rows]
    y = np.array(last) if name == "iris" else np.array([float(cell) for cell in last])
    return x, y


def digits():
    lines = (datasets / "optdigits/optdigits.tes").read_text().splitlines()
    rows = np.array([[float(cell) for cell in line.split(",")] for line in lines if not line.startswith("#")])
    return rows[:, :-1] / 16, rows[:, -1]


tables = {name: table(name) for name in ["iris", "wine", "glass", "pima-indians-diabetes", "housing"]}
tables["digits"] = digits()


def standard(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def numbers(values):
    return [float(value) for value in np.asarray(values, dtype=float).ravel()]


result = {}

x, y = tables["housing"]
weights = 1 + np.arange(len(y)) % 4
regressors = {}
for name, model, w in [
    ("linear", LinearRegression(), None),
    ("linear weighted", LinearRegression(), weights),
    ("linear through the origin", LinearRegression(fit_intercept=False), None),
    ("ridge", Ridge(alpha=2.5, solver="svd"), None),
    ("ridge weighted", Ridge(alpha=2.5, solver="svd"), weights),
    ("ridge of few", Ridge(alpha=0.5, solver="svd"), "few"),
    ("lasso", Lasso(alpha=0.3, tol=1e-15, max_iter=100000), None),
    ("lasso weighted", Lasso(alpha=0.3, tol=1e-15, max_iter=100000), weights),
]:
    if isinstance(w, str):
        model.fit(x[:8], y[:8])
    else:
        model.fit(x, y, sample_weight=w)
    regressors[name] = {"coef": numbers(model.coef_), "intercept": float(model.intercept_)}
result["regressors"] = regressors


def classified(model, x, rows=(0, 60, 120)):
    found = {
        "intercept": numbers(model.intercept_) if hasattr(model, "intercept_") else [],
        "probabilities": [numbers(row) for row in model.predict_proba(x[list(rows)])],
        "correct": int((model.predict(x) == fitted).sum()),
    }
    if hasattr(model, "coef_") and model.coef_.size < 100:
        found["coef"] = numbers(model.coef_)
    return found


discriminant = {}
for name in ["iris", "wine", "glass", "pima-indians-diabetes", "digits"]:
    x, fitted = tables[name]
    if name != "digits":
        discriminant[f"lda n {name}"] = classified(
            LinearDiscriminantAnalysis(solver="eigen").fit(x, fitted), x
        )
        discriminant[f"lda auto {name}"] = classified(
            LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(x, fitted), x
        )
        discriminant[f"lda 0.3 {name}"] = classified(
            LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3).fit(x, fitted), x
        )
    model = LinearDiscriminantAnalysis(solver="svd").fit(x, fitted)
    discriminant[f"lda n-K {name}"] = {
        **classified(model, x),
        "ratio": numbers(model.explained_variance_ratio_),
        "transformed": numbers(np.abs(model.transform(x[:1]))),
    }
for name in ["iris", "wine", "pima-indians-diabetes"]:
    x, fitted = tables[name]
    discriminant[f"qda {name}"] = classified(QuadraticDiscriminantAnalysis().fit(x, fitted), x)
    priors = np.arange(1, len(set(fitted)) + 1) / sum(range(1, len(set(fitted)) + 1))
    discriminant[f"qda 0.2 {name}"] = classified(
        QuadraticDiscriminantAnalysis(reg_param=0.2, priors=priors).fit(x, fitted), x
    )
result["discriminant"] = discriminant

logistic = {}
tight = {"tol": 1e-11, "max_iter": 20000}
for name in ["iris", "wine", "glass", "digits"]:
    x, fitted = tables[name]
    x, c = (x, 0.05) if name == "digits" else (standard(x), 1)
    logistic[f"l2 {name}"] = classified(LogisticRegression(C=c, solver="newton-cg", **tight).fit(x, fitted), x)
x, fitted = tables["pima-indians-diabetes"]
x = standard(x)
newton = {"solver": "newton-cholesky", **tight}
logistic["l2 pima"] = classified(LogisticRegression(**newton).fit(x, fitted), x)
logistic["none pima"] = classified(LogisticRegression(penalty=None, **newton).fit(x, fitted), x)
logistic["origin pima"] = classified(LogisticRegression(fit_intercept=False, **newton).fit(x, fitted), x)
logistic["balanced pima"] = classified(
    LogisticRegression(C=0.1, class_weight="balanced", **newton).fit(
        x, fitted, sample_weight=1 + np.arange(len(fitted)) % 4
    ),
    x,
)
saga = {"solver": "saga", "tol": 1e-13, "max_iter": 200000, "random_state": 0}
logistic["l1 pima"] = classified(LogisticRegression(penalty="l1", C=0.05, **saga).fit(x, fitted), x)
logistic["elasticnet pima"] = classified(
    LogisticRegression(penalty="elasticnet", l1_ratio=0.4, C=0.05, **saga).fit(x, fitted), x
)
x, fitted = tables["wine"]
x = standard(x)
logistic["l1 wine"] = classified(LogisticRegression(penalty="l1", C=0.2, **saga).fit(x, fitted), x)
logistic["elasticnet wine"] = classified(
    LogisticRegression(penalty="elasticnet", l1_ratio=0.7, C=0.2, **saga).fit(x, fitted), x
)
result["logistic"] = logistic

path = root / "test/classical/expected/linear.json"
groups = []
for group, entries in result.items():
    lines = [f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()]
    groups.append(f'  "{group}": {{\n' + ",\n".join(lines) + "\n  }")
path.write_text("{\n" + ",\n".join(groups) + "\n}\n")
