"""Writes test/classical/expected/distributions.json with mpmath: probabilities and quantiles to 17 digits.

scipy 1.10 is no reference here: its quantiles of Student's t are good to 10 digits only.
"""

import json
from pathlib import Path

import mpmath as mp

mp.mp.dps = 60


def beta_tails(x, y, a, b):
    x, y = mp.mpf(x), mp.mpf(y)
    return mp.betainc(a, b, 0, x, regularized=True), mp.betainc(b, a, 0, y, regularized=True)


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2, mp.erfc(x / mp.sqrt(2)) / 2


def student_t(x, v):
    half = beta_tails(v / (v + x * x), x * x / (v + x * x), v / 2, mp.mpf(1) / 2)[0] / 2
    return (half, 1 - half) if x < 0 else (1 - half, half)


def chi_squared(x, v):
    return mp.gammainc(v / 2, 0, x / 2, regularized=True), mp.gammainc(v / 2, x / 2, mp.inf, regularized=True)


def fisher_f(x, a, b):
    return beta_tails(a * x / (a * x + b), b / (a * x + b), a / 2, b / 2)


def quantile(tails, p, positive):
    """Bisection to full precision, over ln x or x."""
    p = mp.mpf(p)
    f = (lambda t: tails(mp.exp(t))[0] - p) if positive else (lambda t: tails(t)[0] - p)
    low, high = (mp.mpf(-400), mp.mpf(60)) if positive else (mp.mpf(-60), mp.mpf(60))
    for _ in range(110):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return mp.exp(low) if positive else low


functions = {"normal": normal, "studentT": student_t, "chiSquared": chi_squared, "fisherF": fisher_f}
values, quantiles = [], []


def add(name, degrees, x):
    below, above = functions[name](mp.mpf(x), *map(mp.mpf, degrees))
    values.append([name, degrees, x, float(below), float(above)])


def add_quantile(name, degrees, p):
    tails = lambda x: functions[name](x, *map(mp.mpf, degrees))
    quantiles.append([name, degrees, p, float(quantile(tails, p, name in ("chiSquared", "fisherF")))])


for x in [-30, -8.5, -3, -1, -0.001, 0, 0.5, 1.959963984540054, 6, 20]:
    add("normal", [], x)
for v in [0.5, 1, 3, 9, 30.5, 150, 10000]:
    for x in [-40, -2.2, 1e-8, 0.7, 12]:
        add("studentT", [v], x)
for v in [0.5, 1, 2, 7, 50, 1000]:
    for f in [0.0001, 0.8, 1, 1.5, 4]:
        add("chiSquared", [v], v * f)
for a, b in [(1, 1), (1, 9), (6, 9), (2, 147), (40, 3), (0.7, 1.3), (500, 800)]:
    for x in [1e-6, 0.5, 1, 3.3, 330.285]:
        add("fisherF", [a, b], x)
for p in [1e-20, 1e-5, 0.025, 0.3, 0.6, 0.975, 0.9999]:
    add_quantile("normal", [], p)
    for v in [4, 9, 33.3]:
        if p > 1e-10:
            add_quantile("studentT", [v], p)
    for v in [1, 3, 40]:
        add_quantile("chiSquared", [v], p)
    for a, b in [(1, 9), (6, 9), (30, 12)]:
        add_quantile("fisherF", [a, b], p)

folder = Path(__file__).resolve().parent.parent / "test/classical/expected"
lines = lambda rows: "[\n" + ",\n".join("    " + json.dumps(row) for row in rows) + "\n  ]"
text = '{\n  "values": %s,\n  "quantiles": %s\n}\n' % (lines(values), lines(quantiles))
(folder / "distributions.json").write_text(text)
