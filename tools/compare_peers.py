#!/usr/bin/env python3
"""Times this library, Optuna and Rustuna side by side: ask + tell in memory, on one core, in turns.
Times are of the processor, so that other work on the machine disturbs less.

    python3 -m venv build/peers && build/peers/bin/pip install optuna rustuna
    build/peers/bin/python3 tools/compare_peers.py --bench build/bin/ask_tell_bench

Each round runs every case with every library, one after the other, in a fresh process bound to one core; the table
shows the median over the rounds and how many times longer the others take. A peer that is not installed is left out.
"""

import argparse
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import time

from mixed_space import random_params, space, suggest_all

# Name, filter of the C++ bench, finished trials at the start, what is measured.
CASES = {
    "random": ("ask_tell/random/100", 100, "random"),
    "tpe-100": ("ask_tell/tpe/100", 100, "tpe"),
    "tpe-1000": ("ask_tell/tpe/1000", 1000, "tpe"),
    "tpe-10000": ("ask_tell/tpe/10000", 10000, "tpe"),
    "floats-40": ("whole_study", 0, "whole"),
}
TIMED_TRIALS = 15


def loss(params):
    numbers = [value for value in params.values() if not isinstance(value, str)]
    return sum((value - 0.3) ** 2 for value in numbers) + sum(value != "choice1" for value in params.values())


def whole_study(study):
    begin = time.process_time()
    for _ in range(1000):
        trial = study.ask()
        told = sum((trial.suggest_float(f"x{i}", -5.0, 5.0) - 0.3) ** 2 for i in range(40))
        study.tell(trial.number, told)
    return (time.process_time() - begin) * 1e6


def work(library, case):
    """Prints the microseconds that the case takes in one of the peers."""
    module = __import__(library)
    if library == "optuna":
        module.logging.set_verbosity(module.logging.ERROR)
    distributions = importlib.import_module(f"{library}.distributions")
    _, n_finished, kind = CASES[case]
    samplers = module.samplers
    sampler = samplers.RandomSampler(seed=1) if kind == "random" else samplers.TPESampler(seed=1)
    study = module.create_study(sampler=sampler)
    if kind == "whole":
        print(whole_study(study))
        return
    create_trial = module.create_trial if library == "rustuna" else module.trial.create_trial
    draw = random.Random(1)
    of = space(distributions)
    for _ in range(n_finished):
        params = random_params(draw)
        study.add_trial(create_trial(params=params, distributions=of, value=loss(params)))
    times = []
    for _ in range(TIMED_TRIALS):
        begin = time.process_time()
        trial = study.ask()
        suggest_all(trial)
        study.tell(trial.number, 1e3)
        times.append((time.process_time() - begin) * 1e6)
    print(statistics.median(times[2:]))


def time_peer(library, case):
    command = [sys.executable, os.path.abspath(__file__), "--work", library, case]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def time_own(bench, case):
    command = [bench, f"--benchmark_filter=^{CASES[case][0]}$", "--benchmark_format=json"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(output)["benchmarks"][0]
    return result["cpu_time"] * {"ns": 1e-3, "us": 1.0, "ms": 1e3}[result["time_unit"]]


def compare(bench, cases, rounds):
    peers = [name for name in ("optuna", "rustuna") if importlib.util.find_spec(name)]
    times = {(library, case): [] for library in ("tune", *peers) for case in cases}
    for number in range(rounds):
        for case in cases:
            times["tune", case].append(time_own(bench, case))
            for library in peers:
                times[library, case].append(time_peer(library, case))
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    return peers, {key: statistics.median(values) for key, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", help="the program ask_tell_bench of a release build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--work", nargs=2, metavar=("LIBRARY", "CASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(*arguments.work)
        return 0
    if not arguments.bench:
        parser.error("--bench is needed")
    os.sched_setaffinity(0, {arguments.core})
    peers, medians = compare(arguments.bench, arguments.cases, arguments.rounds)
    print("| case | tune µs | " + " | ".join(f"{peer} µs | times longer" for peer in peers) + " |")
    print("|---|---" + "|---|---" * len(peers) + "|")
    for case in arguments.cases:
        own = medians["tune", case]
        others = (f"{medians[peer, case]:.1f} | {medians[peer, case] / own:.1f}" for peer in peers)
        print(f"| {case} | {own:.1f} | " + " | ".join(others) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
