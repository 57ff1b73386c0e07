#!/usr/bin/env python3
"""Compares what a sampler of this library finds with what Optuna finds in as many trials, over many seeds.

    python3 -m venv build/peers && build/peers/bin/pip install optuna scipy
    build/peers/bin/python3 tools/compare_quality.py --program build/bin/search_quality \\
        --cache build/quality.jsonl --sampler tpe --seeds 100

Optuna's runs are kept in the cache, a line each, so that the command may be interrupted, given again and given
for another sampler; this library's runs take seconds and are made anew. A score is the best value so far.
A12 is the probability that this library's sampler finds a better value than Optuna's (ties count half), with its
90 % interval by bootstrap; p is the two-sided Mann-Whitney test's, corrected by Holm over all pairs of problem and
budget. "better" and "worse" have a corrected p < 0.05; "equivalent" has the interval inside [0.4, 0.6].
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy import stats

from quality import problems as quality_problems

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def stable_tpe(samplers, seed):
    """Optuna's TPE with equal observations in the order of their trials. Optuna sorts them by numpy's default, which
    orders equal numbers as the processor's instructions and numpy's version have it, and hands the wider of their
    bandwidths out by that order."""
    from optuna.samplers._tpe import parzen_estimator

    class StableNumpy:
        argsort = staticmethod(lambda values: np.argsort(values, kind="stable"))

        def __getattr__(self, name):
            return getattr(np, name)

    parzen_estimator.np = StableNumpy()
    return samplers.TPESampler(seed=seed)


OPTUNA_SAMPLERS = {
    "tpe": lambda samplers, seed: samplers.TPESampler(seed=seed),
    "tpe-stable-ties": stable_tpe,
    "tpe-univariate": lambda samplers, seed: samplers.TPESampler(multivariate=False, seed=seed),
    "tpe-group": lambda samplers, seed: samplers.TPESampler(multivariate=True, group=True, seed=seed),
    "random": lambda samplers, seed: samplers.RandomSampler(seed=seed),
}
SIGNIFICANT = 0.05
EQUIVALENT = (0.4, 0.6)
RESAMPLES = 4000


def run_optuna(work):
    """The line of the cache for one study."""
    path, sampler, name, seed = work
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problems, budgets = quality_problems.load(path)
    study = optuna.create_study(sampler=OPTUNA_SAMPLERS[sampler](optuna.samplers, seed))
    study.optimize(problems[name].objective, n_trials=max(budgets))
    trace = np.minimum.accumulate([trial.value for trial in study.trials])
    best = {str(budget): float(trace[budget - 1]) for budget in budgets}
    return {"library": f"optuna {optuna.__version__}", "sampler": sampler, "problem": name, "seed": seed, "best": best}


def read_cache(path, sampler):
    runs = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                run = json.loads(line)
                if run["sampler"] == sampler:
                    runs[run["problem"], run["seed"]] = run
    return runs


def optuna_runs(arguments, names):
    """Best values by (problem, seed), from the cache and, where they are missing, made now."""
    runs = read_cache(arguments.cache, arguments.optuna)
    wanted = [(name, seed) for seed in range(arguments.seeds) for name in names]
    missing = [(arguments.problems, arguments.optuna, name, seed) for name, seed in wanted if (name, seed) not in runs]
    with multiprocessing.Pool(arguments.jobs) as pool, open(arguments.cache, "a", encoding="utf-8") as cache:
        for done, run in enumerate(pool.imap_unordered(run_optuna, missing), 1):
            cache.write(json.dumps(run) + "\n")
            cache.flush()
            runs[run["problem"], run["seed"]] = run
            if done % 20 == 0 or done == len(missing):
                print(f"Optuna: {done} of {len(missing)} studies done", file=sys.stderr)
    return {key: runs[key]["best"] for key in wanted}


def own_runs(arguments, names):
    if arguments.runs:
        with open(arguments.runs, encoding="utf-8") as file:
            runs = [json.loads(line) for line in file]
        return {(run["problem"], run["seed"]): run["best"] for run in runs if run["sampler"] == arguments.sampler}
    command = [arguments.program, "--problems", arguments.problems, "--sampler", arguments.sampler]
    command += ["--seeds", str(arguments.own_seeds), "--jobs", str(arguments.jobs), *names]
    for option in arguments.option:
        command += ["--option", option]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {(run["problem"], run["seed"]): run["best"] for run in map(json.loads, output.splitlines())}


def wins(ours, theirs):
    """Share of pairs in which ours is the smaller one, ties half."""
    order = np.sort(theirs, axis=-1)
    left, right = np.searchsorted(order, ours, "left"), np.searchsorted(order, ours, "right")
    return 1.0 - (np.mean(left) + np.mean(right)) / (2 * len(theirs))


def effect(ours, theirs, generator):
    """A12 and its 90 % interval."""
    a12 = wins(ours, theirs)
    drawn = [
        wins(generator.choice(ours, len(ours)), generator.choice(theirs, len(theirs))) for _ in range(RESAMPLES)
    ]
    return a12, np.quantile(drawn, 0.05), np.quantile(drawn, 0.95)


def holm(ps):
    """Corrected p values, in the order given."""
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[i]))
        corrected[i] = largest
    return corrected


def verdict(pair, corrected):
    if corrected < SIGNIFICANT:
        return "better" if pair["a12"] > 0.5 else "worse"
    if EQUIVALENT[0] <= pair["low"] and pair["high"] <= EQUIVALENT[1]:
        return "equivalent"
    return "not told apart"


def scores(runs, name, budget):
    """Of all seeds of one problem."""
    return np.array([best[budget] for (problem, _), best in sorted(runs.items()) if problem == name])


def compare(ours, theirs, names, budgets):
    pairs = []
    for name in names:
        for budget in map(str, budgets):
            a, b = scores(ours, name, budget), scores(theirs, name, budget)
            a12, low, high = effect(a, b, np.random.default_rng(len(pairs)))
            same = np.all(a == a[0]) and np.all(b == a[0])
            p = 1.0 if same else stats.mannwhitneyu(a, b, alternative="two-sided").pvalue
            medians = {"own": np.median(a), "optuna": np.median(b)}
            sizes = {"n_own": len(a), "n_optuna": len(b)}
            pairs.append({"problem": name, "budget": budget, **sizes, "a12": a12, "low": low, "high": high, "p": p, **medians})
    for pair, corrected in zip(pairs, holm([pair["p"] for pair in pairs])):
        pair["holm"] = corrected
        pair["verdict"] = verdict(pair, corrected)
        pair["within"] = EQUIVALENT[0] <= pair["low"] and pair["high"] <= EQUIVALENT[1]
    return pairs


def print_table(pairs, sampler, optuna):
    print(f"| problem | trials | `{sampler}` median | Optuna `{optuna}` median | A12 | 90 % interval | p | Holm p | verdict |")
    print("|---|---|---|---|---|---|---|---|---|")
    for pair in pairs:
        print(
            "| {problem} | {budget} | {own:.4g} | {optuna:.4g} | {a12:.3f} | {low:.3f} – {high:.3f} "
            "| {p:.2g} | {holm:.2g} | {verdict} |".format(**pair)
        )
    count = {v: sum(pair["verdict"] == v for pair in pairs) for v in ("better", "worse", "equivalent", "not told apart")}
    seeds = {key: sorted({pair[key] for pair in pairs}) for key in ("n_own", "n_optuna")}
    print(f"\nSeeds: {seeds['n_own']} of `{sampler}`, {seeds['n_optuna']} of Optuna.")
    print(f"{len(pairs)} pairs: " + ", ".join(f"{n} {name}" for name, n in count.items()) + ".")
    outside = [pair for pair in pairs if pair["verdict"] == "worse" and pair["a12"] < EQUIVALENT[0]]
    print(f"Worse with A12 outside [0.4, 0.6]: {len(outside)}. Interval within [0.4, 0.6]: "
          f"{sum(pair['within'] for pair in pairs)}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", nargs="*", help="problems to run; default: all of the file")
    parser.add_argument("--program", help="the program search_quality; without it only Optuna's runs are made")
    parser.add_argument("--cache", required=True, help="file of Optuna's runs, made and added to")
    parser.add_argument("--problems", default=os.path.join(ROOT, "tests/data/quality/problems.json"))
    parser.add_argument("--sampler", default="tpe", help="of this library")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of that sampler")
    parser.add_argument("--optuna", choices=OPTUNA_SAMPLERS, default="tpe", help="Optuna's sampler")
    parser.add_argument("--seeds", type=int, default=100, help="of Optuna")
    parser.add_argument("--own-seeds", type=int, help="of this library, default: as many")
    parser.add_argument("--runs", help="a file of lines of search_quality, instead of the program")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    problems, budgets = quality_problems.load(arguments.problems)
    unknown = set(arguments.problem) - set(problems)
    if unknown:
        parser.error(f"unknown problem {', '.join(sorted(unknown))}; known: {', '.join(problems)}")
    names = arguments.problem or list(problems)
    arguments.own_seeds = arguments.own_seeds or arguments.seeds
    theirs = optuna_runs(arguments, names)
    if arguments.program or arguments.runs:
        pairs = compare(own_runs(arguments, names), theirs, names, budgets)
        print_table(pairs, " ".join([arguments.sampler, *arguments.option]), arguments.optuna)
    return 0


if __name__ == "__main__":
    sys.exit(main())
