#!/usr/bin/env python3
"""Times whole studies of this program and of Optuna with PyTorch side by side, from the start of the processes to their
end, in turns: the search of Optuna's own PyTorch example for Fashion-MNIST (studies/optuna_pytorch_simple.json).

    apt-get install python3-torch python3-torchvision dataset-fashion-mnist
    /usr/bin/python3 -m venv --system-site-packages build/example && build/example/bin/pip install optuna
    build/example/bin/python tools/compare_trials.py --program build/release/bin/fmnist-tune

The sides: `tune` is this program; `bf16` is this program with products of numbers rounded to bfloat16, if it is asked for
with --sides; `example` trains as Optuna's example does, with torchvision's data set and data loader,
one trial after the other; `careful` is what a careful person makes of it: images as one tensor, no data loader, two
processes of one thread each on one study. All read the same unpacked files, give 100 trials the same space, examples an epoch, epochs and median pruner,
and keep the study in a SQLite file, or with --memory in memory, where `careful` is one process of one thread: processes do not
share such a study, and two of Python's threads take longer than one.
"""

import argparse
import contextlib
import gzip
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 128
EPOCHS = 10
TRAINING = 30 * BATCH
VALIDATION = 10 * BATCH
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def make_network(trial, nn):
    layers, width = [nn.Flatten()], 28 * 28
    for i in range(trial.suggest_int("n_layers", 1, 3)):
        units = trial.suggest_int(f"n_units_l{i}", 4, 128)
        layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(trial.suggest_float(f"dropout_l{i}", 0.2, 0.5))]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, 10), nn.LogSoftmax(dim=1))


def loader_batches(folder):
    """As the example: a new order each epoch, each image through a transform."""
    import torch
    from torchvision import datasets, transforms

    def loader(training):
        data = datasets.FashionMNIST(folder, train=training, transform=transforms.ToTensor())
        return torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True)

    loaders = {True: loader(True), False: loader(False)}

    def batches(training):
        for i, batch in enumerate(loaders[training]):
            if i * BATCH >= (TRAINING if training else VALIDATION):
                return
            yield batch

    return batches


def tensor_batches(folder):
    """The same examples from tensors that are there already."""
    import torch
    from torchvision import datasets

    def tensors(training):
        data = datasets.FashionMNIST(folder, train=training)
        return data.data.float().div(255), data.targets

    sets = {True: tensors(True), False: tensors(False)}

    def batches(training):
        images, labels = sets[training]
        order = torch.randperm(len(labels))[: TRAINING if training else VALIDATION]
        for part in order.split(BATCH):
            yield images[part], labels[part]

    return batches


def objective_of(batches):
    import optuna
    import torch
    from torch import nn, optim

    def objective(trial):
        network = make_network(trial, nn)
        kind = trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
        optimizer = getattr(optim, kind)(network.parameters(), lr=trial.suggest_float("lr", 1e-5, 1e-1, log=True))
        accuracy = 0.0
        for epoch in range(EPOCHS):
            network.train()
            for images, labels in batches(True):
                optimizer.zero_grad()
                nn.functional.nll_loss(network(images), labels).backward()
                optimizer.step()
            network.eval()
            with torch.no_grad():
                accuracy = sum(int((network(x).argmax(1) == y).sum()) for x, y in batches(False)) / VALIDATION
            trial.report(accuracy, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return accuracy

    return objective


def work(side, folder, storage, n_trials, seed):
    """One process of a peer; prints the best value."""
    import optuna
    import torch

    if side == "careful":
        torch.set_num_threads(1)
    torch.manual_seed(seed)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="study", direction="maximize", storage=storage, load_if_exists=True,
                                sampler=optuna.samplers.TPESampler(seed=seed))
    batches = loader_batches(folder) if side == "example" else tensor_batches(folder)
    study.optimize(objective_of(batches), n_trials=n_trials)
    reports = sum(len(trial.intermediate_values) for trial in study.trials)
    print(json.dumps({"best": study.best_value, "epochs": reports / len(study.trials)}))


def create(folder):
    """Before the clock runs: two processes that create the tables at once get in each other's way."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.create_study(study_name="study", direction="maximize", storage=f"sqlite:///{folder}/optuna.db")


def run_peer(side, folder, data, n_trials, seed, in_memory):
    storage = "" if in_memory else f"sqlite:///{folder}/optuna.db"
    n_processes = 1 if side == "example" or in_memory else 2
    command = [sys.executable, os.path.abspath(__file__), "--work", side, data, storage, str(n_trials // n_processes)]
    processes = [subprocess.Popen([*command, str(seed + 1000 * i)], stdout=subprocess.PIPE, text=True)
                 for i in range(n_processes)]
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit(f"{side} failed")
    return json.loads(outputs[0 if in_memory else -1])


def run_tune(program, folder, data, n_trials, seed, precision):
    file = f"{folder}/study.db"
    study = pathlib.Path(__file__).parent.parent / "studies/optuna_pytorch_simple.json"
    if precision != "fp32":
        changed = json.loads(study.read_text())
        changed["fixed"]["precision"] = precision
        study = pathlib.Path(folder, study.name)
        study.write_text(json.dumps(changed))
    subprocess.run([program, study, "--data", raw_files(data), "--trials", str(n_trials), "--seed", str(seed), "--storage", file,
                    "--quiet", "--jobs", "2"], check=True)
    with contextlib.closing(sqlite3.connect(file)) as database:
        best, = database.execute("SELECT value FROM best_trial").fetchone()
        epochs, = database.execute("SELECT count(*) FROM trial_intermediate_values").fetchone()
    return {"best": best, "epochs": epochs / n_trials}


def raw_files(folder):
    """Where torchvision looks for the data set's files."""
    return pathlib.Path(folder, "FashionMNIST", "raw")


def unpack(data, folder):
    raw = raw_files(folder)
    raw.mkdir(parents=True)
    for name in FILES:
        packed = pathlib.Path(data, name + ".gz")
        raw.joinpath(name).write_bytes(gzip.decompress(packed.read_bytes()) if packed.exists() else
                                       pathlib.Path(data, name).read_bytes())


def timed(run, *arguments):
    begin = time.perf_counter()
    result = run(*arguments)
    return result | {"seconds": time.perf_counter() - begin}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="fmnist-tune of a release build")
    parser.add_argument("--sides", default="tune,careful,example", help="which sides, the first is what others are held against")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder with the data set's IDX files")
    parser.add_argument("--folder", default=".", help="where the files are written while they are needed")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5, help="studies of each side, each with another seed")
    parser.add_argument("--memory", action="store_true", help="keep the studies in memory (this program's on a RAM disk)")
    parser.add_argument("--work", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        side, folder, storage, n_trials, seed = arguments.work
        work(side, folder, storage or None, int(n_trials), int(seed))
        return 0
    if not arguments.program:
        parser.error("--program is needed")
    sides = {side: [] for side in arguments.sides.split(",")}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as data:
        unpack(arguments.data, data)
        for seed in range(1, arguments.rounds + 1):
            for side, results in sides.items():
                with tempfile.TemporaryDirectory(dir="/dev/shm" if arguments.memory else arguments.folder) as folder:
                    precision = {"tune": "fp32", "bf16": "bf16"}.get(side)
                    if precision is None and not arguments.memory:
                        create(folder)
                    results.append(
                        timed(run_peer, side, folder, data, arguments.trials, seed, arguments.memory) if precision is None else
                        timed(run_tune, arguments.program, folder, data, arguments.trials, seed, precision))
                print(side, seed, results[-1], file=sys.stderr)
    print("| side | seconds | trials an hour | epochs a trial | best accuracy | times longer |\n|---|---|---|---|---|---|")
    medians = {side: {key: statistics.median(result[key] for result in results) for key in results[0]}
               for side, results in sides.items()}
    first = next(iter(medians.values()))["seconds"]
    for side, result in medians.items():
        per_hour = 3600 * arguments.trials / result["seconds"]
        print(f"| {side} | {result['seconds']:.1f} | {per_hour:,.0f} | {result['epochs']:.1f} | {result['best']:.4f} | "
              f"{result['seconds'] / first:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
