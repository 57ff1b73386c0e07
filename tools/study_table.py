#!/usr/bin/env python3
"""Prints the results of a study with listed points as a Markdown table, a row a configuration.

    python3 tools/study_table.py activation_loss.db --compare loss --compare activation

The value and the seconds are means over the replicates, with the standard deviation of the value. The gap is the
training accuracy minus the validation accuracy of the last epoch. With --compare trials that differ in that parameter
alone, replicate by replicate, are compared: the mean difference, and the p value of an exact test that flips the signs
of the differences (with more than 18 pairs: some 65,536 random flips of them).

With --curves 1,5,20 a second table has the losses and accuracies of these epochs, training / validation, means over the
replicates; a dash where a replicate ended before that epoch.
"""

import argparse
import itertools
import json
import random
import sqlite3
import statistics
import sys

MOST_PAIRS_OF_ALL_FLIPS = 18
RANDOM_FLIPS = 2**16


def read_trials(path, study):
    """COMPLETE trials by number: parameters, replicate, value, gap of the accuracies, seconds, curves."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    names = [name for (name,) in connection.execute("select study_name from studies")]
    if study is None and len(names) != 1:
        sys.exit(f"{path} has {len(names)} studies; name one with --study: {', '.join(names)}")
    if study is not None and study not in names:
        sys.exit(f"{path} has no study {study}, but: {', '.join(names)}")
    rows = connection.execute(
        "select t.params, t.state, t.value, a.value_json, t.duration_seconds from trial_table t left join trial_user_attributes a"
        " on a.trial_id = t.trial_id and a.key = 'curves' where t.study_name = ?"
        " order by t.number", (study or names[0],))
    trials, n_of = [], {}
    for params, state, value, curves, seconds in rows:
        replicate = n_of[params] = n_of.get(params, -1) + 1
        if state != "COMPLETE":
            continue
        if value is None:
            sys.exit(f"{path}: the study has several objectives; a table has one")
        curves = json.loads(curves or "{}")
        last = {name: curve[-1] for name, curve in curves.items()}
        gap = last["train_accuracy"] - last["validation_accuracy"] if "train_accuracy" in last else float("nan")
        trials.append({"params": json.loads(params), "replicate": replicate, "value": value, "gap": gap, "seconds": seconds,
                       "curves": curves})
    return trials


def by_configuration(trials):
    groups = {}
    for trial in trials:
        groups.setdefault(json.dumps(trial["params"], sort_keys=True), []).append(trial)
    return list(groups.values())


def markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def results_table(groups):
    names = parameter_names(groups)
    rows = []
    for group in groups:
        values = [trial["value"] for trial in group]
        spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
        rows.append([*parameter_cells(group, names), len(group),
                     f"{statistics.mean(values):.4f}{spread}", f"{statistics.mean(trial['gap'] for trial in group):+.4f}",
                     f"{statistics.mean(trial['seconds'] for trial in group):.1f}"])
    return markdown([*(f"`{name}`" for name in names), "trials", "value", "gap", "seconds"], rows)


def parameter_names(groups):
    return list(dict.fromkeys(name for group in groups for name in group[0]["params"]))


def parameter_cells(group, names):
    return [group[0]["params"].get(name, "") for name in names]


def curves_table(groups, epochs):
    def mean(group, curve, epoch):
        curve_of_trials = [trial["curves"].get(curve, []) for trial in group]
        if any(len(curve_of_trial) < epoch for curve_of_trial in curve_of_trials):
            return "–"
        return f"{statistics.mean(curve_of_trial[epoch - 1] for curve_of_trial in curve_of_trials):.3f}"

    names = parameter_names(groups)
    rows = []
    for group in groups:
        rows.append(parameter_cells(group, names))
        for what in ("loss", "accuracy"):
            rows[-1] += [" / ".join(mean(group, f"{kind}_{what}", epoch) for kind in ("train", "validation"))
                         for epoch in epochs]
    return markdown([*(f"`{name}`" for name in names),
                     *(f"{what}, epoch {epoch}" for what in ("loss", "accuracy") for epoch in epochs)], rows)


def p_value(differences):
    """Two-sided: how often signs drawn at random give a mean at least as far from zero."""
    n = len(differences)
    if n <= MOST_PAIRS_OF_ALL_FLIPS:
        flips = itertools.product((-1, 1), repeat=n)
    else:
        draw = random.Random(1)
        # The signs as they are count as one draw: no p value is 0.
        flips = [[1] * n, *([draw.choice((-1, 1)) for _ in range(n)] for _ in range(RANDOM_FLIPS - 1))]
    observed = abs(sum(differences)) * (1 - 1e-12)
    extreme = [abs(sum(sign * difference for sign, difference in zip(flip, differences))) >= observed for flip in flips]
    return sum(extreme) / len(extreme)


def pairs(groups, name, a, b):
    def rest(group):
        return json.dumps({key: value for key, value in group[0]["params"].items() if key != name}, sort_keys=True)

    def values_with(choice):
        return {(rest(group), trial["replicate"]): trial["value"]
                for group in groups if group[0]["params"].get(name) == choice for trial in group}

    with_a, with_b = values_with(a), values_with(b)
    return [(with_a[key], with_b[key]) for key in with_a if key in with_b]


def comparison(groups, name):
    values = list(dict.fromkeys(group[0]["params"][name] for group in groups if name in group[0]["params"]))
    if len(values) < 2:
        sys.exit(f"--compare {name}: the trials have fewer than two values of it")
    rows = []
    for a, b in itertools.combinations(values, 2):
        differences = [x - y for x, y in pairs(groups, name, a, b)]
        if differences:
            rows.append([f"{a} − {b}", len(differences), f"{statistics.mean(differences):+.4f}", f"{p_value(differences):.2g}"])
    return markdown([f"`{name}`", "pairs", "mean difference", "p"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("storage", metavar="DB")
    parser.add_argument("--study")
    parser.add_argument("--where", metavar="PARAM=VALUE", action="append", default=[], help="only trials with that value")
    parser.add_argument("--compare", metavar="PARAM", action="append", default=[])
    parser.add_argument("--curves", metavar="EPOCHS", type=lambda text: [int(epoch) for epoch in text.split(",")], default=[],
                        help="epochs, from 1, with commas between")
    options = parser.parse_args()
    if any(epoch < 1 for epoch in options.curves):
        parser.error("--curves: epochs count from 1")
    trials = read_trials(options.storage, options.study)
    for condition in options.where:
        name, _, value = condition.partition("=")
        trials = [trial for trial in trials if str(trial["params"].get(name)) == value]
    if not trials:
        sys.exit(f"{options.storage} has no such COMPLETE trial")
    groups = by_configuration(trials)
    tables = [results_table(groups), *([curves_table(groups, options.curves)] if options.curves else [])]
    print("\n\n".join([*tables, *(comparison(groups, name) for name in options.compare)]))


if __name__ == "__main__":
    main()
