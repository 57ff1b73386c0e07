"""The black-box problems of tests/data/quality/problems.json, as functions of one Optuna trial."""

import json
import math


def _sum(values):
    """In order, as a plain loop adds: Python's own sum() compensates from version 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total


def _suggest(trial, parameter):
    name, kind = parameter["name"], parameter["type"]
    if kind == "categorical":
        return trial.suggest_categorical(name, parameter["choices"])
    if kind == "int":
        return trial.suggest_int(
            name, parameter["low"], parameter["high"], log=parameter["log"], step=parameter["step"]
        )
    return trial.suggest_float(name, parameter["low"], parameter["high"], log=parameter["log"], step=parameter["step"])


def branin2(p, _):
    x0, x1 = p["x0"], p["x1"]
    b, c, t = 5.1 / (4 * math.pi**2), 5 / math.pi, 1 / (8 * math.pi)
    return (x1 - b * x0**2 + c * x0 - 6) ** 2 + 10 * (1 - t) * math.cos(x0) + 10


def hartmann6(p, constants):
    x = list(p.values())
    total = 0.0
    for alpha, a, centre in zip(constants["H_ALPHA"], constants["H6A"], constants["H6P"]):
        total += alpha * math.exp(-_sum(a[j] * (x[j] - centre[j]) ** 2 for j in range(6)))
    return -total


def _ackley(p, shift):
    z = [x - s for x, s in zip(p.values(), shift)]
    d = len(z)
    waves = math.exp(_sum(math.cos(2 * math.pi * v) for v in z) / d)
    return -20 * math.exp(-0.2 * math.sqrt(_sum(v * v for v in z) / d)) - waves + 20 + math.e


def ackley5(p, constants):
    return _ackley(p, constants["ACK5_SHIFT"])


def ackley20(p, constants):
    return _ackley(p, constants["ACK20_SHIFT"])


def rastrigin5(p, constants):
    z = [x - s for x, s in zip(p.values(), constants["RAS_SHIFT"])]
    return _sum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in z)


def rosenbrock4(p, _):
    x = list(p.values())
    return _sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(3))


def mixed7(p, constants):
    a = math.log10(p["lr"]) - constants["MIX_OPT_LR"][p["optimizer"]]
    b = math.log10(p["weight_decay"]) + 4
    u = math.log2(p["units"])
    c, d, e = p["n_layers"] - 3, u - 8, p["dropout"] - 0.08 * (u - 5)
    smooth = 0.5 * a * a + 0.1 * b * b + 0.06 * c * c + 0.15 * d * d + 6 * e * e + 0.08 * c * d
    return smooth + constants["MIX_OPT_PEN"][p["optimizer"]] + constants["MIX_ACT_PEN"][p["activation"]]


def stepgrid(p, _):
    a, b, c = (p["i0"] - 65) / 100, (p["i1"] + 20) / 100, (p["i2"] - 41) / 64
    d, e, g = (p["f0"] - 1.25) / 2, (math.log2(p["l0"]) - 5) / 10, (p["f1"] - 0.4) / 2
    squares = 4 * a * a + 3 * b * b + 3 * c * c + 2 * d * d + 5 * e * e + 2 * g * g
    return squares + 2 * a * b - 1.5 * c * e + abs(d - g)


def conditional(p, constants):
    r = constants["CON_DEPTH_PEN"][p["depth"] - 1]
    for i in range(p["depth"]):
        r += 0.12 * (math.log2(p[f"width_l{i}"]) - constants["CON_W"][i]) ** 2
    rate = math.log10(p["lr"])
    if p["optimizer"] == "sgd":
        return r + 0.3 * (rate + 1 + 1.5 * p["momentum"]) ** 2 + 4 * (p["momentum"] - 0.9) ** 2 + 0.05
    if p["optimizer"] == "adam":
        return r + 0.5 * (rate + 3) ** 2 + 40 * (p["beta2"] - 0.98) ** 2
    return r + 0.5 * (rate + 3.3) ** 2 + 3 * (p["alpha"] - 0.9) ** 2 + 0.15


def _suggest_conditional(trial):
    p = {"depth": trial.suggest_int("depth", 1, 4)}
    for i in range(p["depth"]):
        p[f"width_l{i}"] = trial.suggest_int(f"width_l{i}", 8, 512, log=True)
    p["lr"] = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    p["optimizer"] = trial.suggest_categorical("optimizer", ["sgd", "adam", "rmsprop"])
    name, low, high = {"sgd": ("momentum", 0.0, 0.99), "adam": ("beta2", 0.9, 0.9999), "rmsprop": ("alpha", 0.5, 0.999)}[
        p["optimizer"]
    ]
    p[name] = trial.suggest_float(name, low, high)
    return p


class Problem:
    """One problem of the file: `objective(trial)` suggests all parameters in order and evaluates them."""

    def __init__(self, description, constants):
        self.name = description["name"]
        self.space = description["space"]
        self._constants = constants
        self._function = globals()[self.name]

    def value(self, params):
        return self._function(params, self._constants)

    def objective(self, trial):
        if self.space is None:
            return self.value(_suggest_conditional(trial))
        return self.value({parameter["name"]: _suggest(trial, parameter) for parameter in self.space})


def load(path):
    """All problems of the file by name, each held against its test vectors."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    problems = {}
    for description in data["problems"]:
        problem = Problem(description, data["constants"])
        for vector in description["test_vectors"]:
            found = problem.value(vector["params"])
            if abs(found - vector["f"]) > 1e-12 * max(abs(vector["f"]), 1.0):
                raise ValueError(f"{problem.name}: {found} is not {vector['f']} at {vector['params']}")
        problems[problem.name] = problem
    return problems, data["budgets"]
