"""What scikit-learn's nearest neighbours predict, for test/classical/neighbors.test.ts.

python3 scripts/expected-neighbors.py ../shared/assets/datasets > test/classical/expected/neighbors.json
Each third row is predicted from the others; columns are standardised by all rows. Where the
fifth and the sixth neighbour are equally distant, which one scikit-learn takes depends on the order of its search: such
predictions are left out ('-' or null).
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

root = Path(sys.argv[1])
files = {
    "iris": "tables/iris.csv",
    "wine": "tables/wine.csv",
    "pima": "tables/pima-indians-diabetes.csv",
    "glass": "tables/glass.csv",
    "digits": "optdigits/optdigits.tes",
    "housing": "tables/housing.csv",
}
metrics = {
    "euclidean": {},
    "manhattan": {"metric": "manhattan"},
    "chebyshev": {"metric": "chebyshev"},
    "minkowski3": {"p": 3},
    "cosine": {"metric": "cosine"},
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
    x = (x - x.mean(0)) / np.where(deviation == 0, 1, deviation)
    y = np.array([row[-1] for row in rows])
    return x, y.astype(float) if name == "housing" else np.unique(y, return_inverse=True)[1]


result = {}
for name in files:
    x, y = load(name)
    held = np.arange(len(x)) % 3 == 0
    Method = KNeighborsRegressor if name == "housing" else KNeighborsClassifier
    for metric, options in metrics.items():
        if name == "digits" and metric not in ("euclidean", "cosine"):
            continue  # The smaller tables show the other metrics in less time.
        for weights in ("uniform", "distance"):
            model = Method(weights=weights, algorithm="brute", **options).fit(x[~held], y[~held])
            predicted = model.predict(x[held])
            distances = model.kneighbors(x[held], 6)[0]
            tied = distances[:, 5] - distances[:, 4] < 1e-9
            result[f"{name} {metric} {weights}"] = (
                [None if t else round(v, 10) for v, t in zip(predicted, tied)]
                if name == "housing"
                else "".join("-" if t else str(v) for v, t in zip(predicted, tied))
            )
print(json.dumps(result, separators=(",", ":")))
