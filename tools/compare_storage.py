#!/usr/bin/env python3
"""Times stored trials of this library and of Optuna side by side, in turns, on one disk.

    python3 -m venv build/peers && build/peers/bin/pip install optuna
    build/peers/bin/python3 tools/compare_storage.py --bench build/bin/storage_bench --folder .

A trial has ten parameters and ten reports in a SQLite file. The table shows medians over the rounds: time on the clock,
which has the disk in it, and time of the processor.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from mixed_space import suggest_all

TIMED_TRIALS = 12
REPORTS = 10


def time_trial(study):
    wall, processor = time.perf_counter(), time.process_time()
    trial = study.ask()
    suggest_all(trial)
    for step in range(1, REPORTS + 1):
        trial.report(1.0 / step, step)
    study.tell(trial, 0.5)
    return time.perf_counter() - wall, time.process_time() - processor


def work(folder):
    """Prints milliseconds a trial of Optuna's: on the clock and of the processor."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=f"sqlite:///{folder}/optuna.db", sampler=optuna.samplers.RandomSampler(seed=1),
                                pruner=optuna.pruners.NopPruner())
    times = [time_trial(study) for _ in range(TIMED_TRIALS)][2:]
    print(*(1e3 * statistics.median(column) for column in zip(*times)))


def time_optuna(folder):
    command = [sys.executable, os.path.abspath(__file__), "--work", folder]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(float(word) for word in output.split())


def time_own(bench, folder):
    command = [bench, folder, "--benchmark_filter=stored_trial", "--benchmark_format=json"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["benchmarks"][0]
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}[result["time_unit"]]
    return result["real_time"] * scale, result["cpu_time"] * scale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", help="the program storage_bench of a release build")
    parser.add_argument("--folder", default=".", help="where the files are written while they are needed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work)
        return 0
    if not arguments.bench:
        parser.error("--bench is needed")
    own, optuna = [], []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            own.append(time_own(arguments.bench, folder))
            optuna.append(time_optuna(folder))
    print("| ms a trial | tune | Optuna | times longer |\n|---|---|---|---|")
    for name, mine, theirs in zip(("clock", "processor"), zip(*own), zip(*optuna)):
        ours, others = statistics.median(mine), statistics.median(theirs)
        print(f"| {name} | {ours:.2f} | {others:.1f} | {others / ours:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
