"""Writes what scikit-learn makes of the tables in ../shared/assets/datasets to test/classical/expected: bayes.json, trees.json.

Run by hand, with the Python that has scikit-learn 1.2: python3 scripts/expected-trees.py
then npx biome format --write test/classical/expected
"""

import json
from pathlib import Path

import numpy as np
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB, MultinomialNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, export_text

root = Path(__file__).resolve().parent.parent
tables = root.parent / "shared/assets/datasets"
files = {
    "iris": "tables/iris.csv",
    "wine": "tables/wine.csv",
    "pima": "tables/pima-indians-diabetes.csv",
    "glass": "tables/glass.csv",
    "housing": "tables/housing.csv",
    "digits": "optdigits/optdigits.tes",
}


def load(name):
    rows = [line.strip().split(",") for line in (tables / files[name]).read_text().split("\n") if line.strip() and not line.startswith("#")]
    if name == "iris":
        rows[34][3] = "0.2"
        rows[37][1:3] = ["3.6", "1.4"]
    x = np.array([[float(value) for value in row[:-1]] for row in rows])
    last = [row[-1] for row in rows]
    return x, np.array(last) if name == "iris" else np.array([float(value) for value in last])


def weights(n):
    return 1.0 + np.arange(n) % 3


def write(name, value):
    (root / "test/classical/expected" / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def bayes():
    cases = []

    def add(data, method, model, options, weighted=False):
        x, y = load(data)
        sample_weight = weights(len(y)) if weighted else None
        model.fit(x, y, sample_weight=sample_weight)
        rows = list(range(0, len(y), len(y) // 6))
        cases.append(
            {
                "data": data,
                "method": method,
                "options": options,
                "weighted": weighted,
                "correct": int((model.predict(x) == y).sum()),
                "rows": rows,
                "probabilities": model.predict_proba(x[rows]).tolist(),
            }
        )

    for data in ["iris", "wine", "pima", "glass", "digits"]:
        add(data, "gaussian-nb", GaussianNB(), {})
    add("wine", "gaussian-nb", GaussianNB(), {}, weighted=True)
    add("pima", "gaussian-nb", GaussianNB(priors=[0.5, 0.5]), {"priors": [0.5, 0.5]})
    for alpha in [1, 0.25]:
        add("digits", "multinomial-nb", MultinomialNB(alpha=alpha), {"alpha": alpha})
        add("digits", "bernoulli-nb", BernoulliNB(alpha=alpha, binarize=8), {"alpha": alpha, "binarize": 8})
    add("digits", "multinomial-nb", MultinomialNB(fit_prior=False), {"fitPrior": False}, weighted=True)
    add("digits", "bernoulli-nb", BernoulliNB(), {}, weighted=True)
    options = {"minCategories": 17, "alpha": 0.5}
    add("digits", "categorical-nb", CategoricalNB(min_categories=17, alpha=0.5), options)
    add("digits", "categorical-nb", CategoricalNB(min_categories=17), {"minCategories": 17}, weighted=True)
    write("bayes.json", cases)


def structure(tree):
    return {
        "feature": [max(int(f), -1) for f in tree.feature],
        "threshold": [float(t) if f >= 0 else 0 for f, t in zip(tree.feature, tree.threshold)],
        "impurity": [round(float(i), 7) for i in tree.impurity],
        "samples": tree.n_node_samples.tolist(),
    }


def is_tied(model, x, y, weight):
    """Whether another column divides a node of a regression tree as well, which rounding decides the same way each time."""
    paths = model.decision_path(x).toarray() == 1

    def error(inside):
        if not inside.any():
            return np.inf
        if model.criterion == "squared_error":
            middle = np.average(y[inside], weights=weight[inside])
            return (weight[inside] * (y[inside] - middle) ** 2).sum()
        return min((weight[inside] * np.abs(y[inside] - m)).sum() for m in np.unique(y[inside]))

    for node in np.flatnonzero(model.tree_.feature >= 0):
        errors = []
        for column in x.T:
            cuts = np.unique(column[paths[:, node]])[:-1]
            errors += [error(paths[:, node] & (column <= c)) + error(paths[:, node] & (column > c)) for c in cuts]
        best, second = sorted(errors)[:2]
        if second - best < 1e-9 * best:
            return True
    return False


def trees():
    """Trees that come out the same whatever order columns and rows are in, so without ties: as deep as that holds."""
    cases = []

    def add(data, make, options, weighted=False, depths=(6, 5, 4, 3, 2, 1)):
        x, y = load(data)
        sample_weight = weights(len(y)) if weighted else None
        for depth in depths:
            models = []
            for seed in range(12):
                order = np.random.default_rng(seed).permutation(len(y)) if seed else np.arange(len(y))
                ordered = None if sample_weight is None else sample_weight[order]
                models.append(make(depth, seed).fit(x[order], y[order], ordered))
            found = structure(models[0].tree_)
            tied = data == "housing" and is_tied(models[0], x, y, sample_weight if weighted else np.ones(len(y)))
            if not tied and all(structure(model.tree_) == found for model in models):
                break
        else:
            print("no tree without ties:", data, options)
            return
        case = {"data": data, "options": {**options, "maxDepth": depth}, "weighted": weighted, **found}
        case["importances"] = models[0].feature_importances_.tolist()
        path = models[0].cost_complexity_pruning_path(x, y, sample_weight)
        case["ccpAlphas"] = path.ccp_alphas.tolist()
        case["impurities"] = path.impurities.tolist()
        cases.append(case)

    for data in ["iris", "wine", "pima", "glass", "digits"]:
        for criterion in ["gini", "entropy"]:
            add(
                data,
                lambda depth, seed: DecisionTreeClassifier(criterion=criterion, max_depth=depth, random_state=seed),
                {"criterion": criterion},
            )
    add("wine", lambda d, s: DecisionTreeClassifier(max_depth=d, random_state=s), {}, weighted=True)
    for name, option, value in [
        ("minSamplesLeaf", "min_samples_leaf", 20),
        ("minSamplesSplit", "min_samples_split", 0.2),
        ("minImpurityDecrease", "min_impurity_decrease", 0.01),
        ("maxLeafNodes", "max_leaf_nodes", 7),
    ]:
        add("pima", lambda d, s: DecisionTreeClassifier(max_depth=d, random_state=s, **{option: value}), {name: value})
    for name, criterion in [("squaredError", "squared_error"), ("absoluteError", "absolute_error")]:
        for weighted in [False, True]:
            add(
                "housing",
                lambda d, s: DecisionTreeRegressor(criterion=criterion, max_depth=d, random_state=s),
                {"criterion": name},
                weighted,
                (3, 2, 1),
            )
    x, y = load("wine")
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(x, y)
    names = [f"x{i}" for i in range(x.shape[1])]
    text = export_text(model, feature_names=names, show_weights=True, decimals=4)
    shallow = export_text(model, feature_names=names, max_depth=0, decimals=3)
    write("trees.json", {"cases": cases, "wineText": text, "wineShallowText": shallow})


bayes()
trees()
