"""The mixed space of tests/bench/workload.hpp: ten parameters of every kind, for the tools that time peers."""


def space(distributions):
    numbers = {
        "f0": distributions.FloatDistribution(-5.0, 5.0),
        "f1": distributions.FloatDistribution(0.0, 1.0),
        "l0": distributions.FloatDistribution(1e-5, 1e-1, log=True),
        "l1": distributions.FloatDistribution(1e-3, 10.0, log=True),
        "i0": distributions.IntDistribution(1, 10),
        "i1": distributions.IntDistribution(32, 512, log=True),
        "i2": distributions.IntDistribution(0, 100, step=5),
    }
    choices = {f"c{n}": [f"choice{i}" for i in range(n)] for n in (3, 4, 5)}
    return numbers | {name: distributions.CategoricalDistribution(of) for name, of in choices.items()}


def suggest_all(trial):
    trial.suggest_float("f0", -5.0, 5.0)
    trial.suggest_float("f1", 0.0, 1.0)
    trial.suggest_float("l0", 1e-5, 1e-1, log=True)
    trial.suggest_float("l1", 1e-3, 10.0, log=True)
    trial.suggest_int("i0", 1, 10)
    trial.suggest_int("i1", 32, 512, log=True)
    trial.suggest_int("i2", 0, 100, step=5)
    for n in (3, 4, 5):
        trial.suggest_categorical(f"c{n}", [f"choice{i}" for i in range(n)])


def random_params(draw):
    return {
        "f0": draw.uniform(-5.0, 5.0),
        "f1": draw.uniform(0.0, 1.0),
        "l0": 10.0 ** draw.uniform(-5.0, -1.0),
        "l1": 10.0 ** draw.uniform(-3.0, 1.0),
        "i0": draw.randint(1, 10),
        "i1": draw.randint(32, 512),
        "i2": 5 * draw.randint(0, 20),
    } | {f"c{n}": f"choice{draw.randrange(n)}" for n in (3, 4, 5)}
