"""Studies of any kind and size, written as Optuna writes them: into a copy of a file that Optuna made."""

import json
import pathlib
import shutil
import sqlite3

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
MADE_BY_OPTUNA = DATA / "db" / "single.db"
KINDS = {"inf": "INF_POS", "-inf": "INF_NEG", "nan": "NAN"}


def number(low, high, log=False, kind="Float"):
    attributes = {"step": 1 if kind == "Int" else None, "low": low, "high": high, "log": log}
    return json.dumps({"name": f"{kind}Distribution", "attributes": attributes})


def whole(low, high, log=False):
    return number(low, high, log, "Int")


def choice(*choices):
    return json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": choices}})


def stored_number(value):
    """The two columns of a number: what is not finite has no value."""
    kind = KINDS.get(str(value), "FINITE")
    return (value if kind == "FINITE" else None), kind


def at(second):
    return f"2026-11-21 {12 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000"


class Writer:
    def __init__(self, path):
        shutil.copyfile(MADE_BY_OPTUNA, path)
        self.connection = sqlite3.connect(path)
        for table in (
            "trials",
            "trial_values",
            "trial_params",
            "trial_intermediate_values",
            "trial_user_attributes",
            "trial_system_attributes",
            "studies",
            "study_directions",
            "study_user_attributes",
            "study_system_attributes",
        ):
            self.connection.execute(f"delete from {table}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.commit()
        self.connection.close()

    def study(self, name, directions=("MAXIMIZE",), system=None, user=None):
        study = self.connection.execute("insert into studies (study_name) values (?)", (name,)).lastrowid
        for objective, direction in enumerate(directions):
            self.connection.execute(
                "insert into study_directions (direction, study_id, objective) values (?, ?, ?)",
                (direction, study, objective),
            )
        for table, attributes in (("system", system), ("user", user)):
            for key, value in (attributes or {}).items():
                self.connection.execute(
                    f"insert into study_{table}_attributes (study_id, key, value_json) values (?, ?, ?)",
                    (study, key, json.dumps(value)),
                )
        return study

    def trial(
        self, study, number, state, values=(), params=None, reports=None, user=None, system=None, start=0, end=1
    ):
        """`params` maps names to (internal value, distribution), `reports` steps to values."""
        has_ended = state in ("COMPLETE", "PRUNED", "FAIL")
        trial = self.connection.execute(
            "insert into trials (number, study_id, state, datetime_start, datetime_complete) values (?, ?, ?, ?, ?)",
            (number, study, state, None if state == "WAITING" else at(start), at(end) if has_ended else None),
        ).lastrowid
        execute = self.connection.executemany
        execute(
            "insert into trial_values (trial_id, objective, value, value_type) values (?, ?, ?, ?)",
            [(trial, objective, *stored_number(value)) for objective, value in enumerate(values)],
        )
        execute(
            "insert into trial_params (trial_id, param_name, param_value, distribution_json) values (?, ?, ?, ?)",
            [(trial, name, value, text) for name, (value, text) in (params or {}).items()],
        )
        execute(
            "insert into trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)"
            " values (?, ?, ?, ?)",
            [(trial, step, *stored_number(value)) for step, value in (reports or {}).items()],
        )
        for table, attributes in (("user", user), ("system", system)):
            execute(
                f"insert into trial_{table}_attributes (trial_id, key, value_json) values (?, ?, ?)",
                [(trial, key, json.dumps(value)) for key, value in (attributes or {}).items()],
            )


def curves(n_epochs, best):
    rising = [best - 0.3 / epoch for epoch in range(1, n_epochs + 1)]
    return {
        "train_loss": [1 - value for value in rising],
        "validation_loss": [1.1 - value for value in rising],
        "train_accuracy": rising,
        "validation_accuracy": [value - 0.01 for value in rising],
    }


def write_rich(path):
    """60 trials in every state: conditional and logarithmic parameters, reports, curves, failures, wild values."""
    with Writer(path) as writer:
        study = writer.study(
            "rich",
            system={
                "study:metric_names": ["accuracy"],
                "tune:seed": 7,
                "tune:provenance": {"torch_version": "1.13.0"},
            },
            user={"owner": "me"},
        )
        for i in range(60):
            optimizer = i % 3
            params = {
                "lr": (10 ** (-4 + i % 30 / 10), number(1e-5, 1.0, True)),
                "depth": (1 + i % 4, whole(1, 4)),
                "optimizer": (optimizer, choice("sgd", "adam", "rmsprop")),
            }
            if optimizer == 0:
                params["momentum"] = (i / 60, number(0.0, 1.0))
            value = 0.8 + i / 1000
            times = {"start": 20 * i, "end": 20 * i + 35}
            if i % 10 == 3:
                writer.trial(
                    study,
                    i,
                    "PRUNED",
                    [value - 0.1],
                    params,
                    {1: 0.5, 2: value - 0.1},
                    {"curves": curves(2, value)},
                    {"tune:prune": {"value": value - 0.1, "threshold": 0.8, "step": 2, "n": 5}},
                    **times,
                )
            elif i % 20 == 7:
                writer.trial(
                    study, i, "FAIL", (), params, system={"tune:reason": f"out of memory {i // 20 % 2}"}, **times
                )
            elif i >= 58:
                writer.trial(study, i, "RUNNING" if i == 58 else "WAITING", (), params, **times)
            else:
                wild = {11: float("-inf"), 21: -1e9}.get(i, value)
                writer.trial(
                    study,
                    i,
                    "COMPLETE",
                    [wild],
                    params,
                    {step: value - 0.1 / step for step in range(1, 6)},
                    {"curves": curves(5, value), "note": f"note {i}"},
                    **times,
                )


HOSTILE = [
    "</script><script>hacked=1</script>",
    "<img src=x onerror=hacked=1>",
    '"quo\'te" & \\ `tick` ${hacked=1}',
    "line\nbreak\rtab\t",
    "研究 исследование שלום عربى 🧪",
    "%{x} $1 @data@ @scripts@",
    "__proto__",
    "constructor",
    '<a href="javascript:hacked=1">link</a><br>',
    "\u202eevil\u2028",
    "=",
]


def write_hostile(path):
    """Every name that a study can have, chosen by an enemy."""
    with Writer(path) as writer:
        study = writer.study(
            HOSTILE[0] + HOSTILE[1],
            ("MAXIMIZE", "MINIMIZE"),
            {"study:metric_names": HOSTILE[1:3], "tune:study_file": "".join(HOSTILE)},
            {name: name for name in HOSTILE},
        )
        for i in range(12):
            params = {name: (i % len(HOSTILE), choice(*HOSTILE)) for name in HOSTILE}
            params["<b>bold</b>"] = (i, number(0, 12))
            state = "FAIL" if i % 4 == 3 else "COMPLETE"
            writer.trial(
                study,
                i,
                state,
                () if state == "FAIL" else [i, -i],
                params,
                {1: 0.5, 2: 0.6},
                {HOSTILE[i % len(HOSTILE)]: HOSTILE, "curves": {name: [1.0, 2.0] for name in HOSTILE}},
                {"tune:reason": HOSTILE[i % len(HOSTILE)]},
                start=i,
                end=i + 2,
            )


def write_small(path):
    """Studies with next to nothing in them."""
    with Writer(path) as writer:
        writer.study("empty")
        writer.trial(writer.study("one"), 0, "COMPLETE", [0.5], {"x": (0.25, number(0, 1))})
        writer.trial(writer.study("bare"), 0, "COMPLETE", [0.5])
        failed = writer.study("failed")
        for i in range(3):
            writer.trial(
                failed, i, "FAIL", params={"x": (0.5, number(0, 1))}, reports={1: float("nan"), 2: float("inf")}
            )
        wild = writer.study("wild", ("MINIMIZE",))
        for i, value in enumerate((float("inf"), float("-inf"), 1.0, 1e308, -1e308, 5e-324)):
            writer.trial(
                wild,
                i,
                "COMPLETE",
                [value],
                {"x": (value if abs(value) < 1e9 else 0, number(-1, 1))},
                {0: value, 1: float("nan")},
                {"curves": {"loss": [1.0, float("nan"), float("inf")]}},
            )


def write_three_objectives(path):
    with Writer(path) as writer:
        study = writer.study(
            "three", ("MAXIMIZE", "MINIMIZE", "MINIMIZE"), {"study:metric_names": ["accuracy", "seconds", "size"]}
        )
        for i in range(20):
            writer.trial(
                study,
                i,
                "COMPLETE",
                [i, 2 * i, 40 - i if i < 15 else 100],
                {"x": (i, whole(0, 20)), "y": (i % 3, whole(0, 2))},
                system={"constraints": [1.0 if i == 5 else -1.0]},
                start=i,
                end=i + 1,
            )


def write_wide(path, n_params=1000):
    with Writer(path) as writer:
        study = writer.study("wide", ("MINIMIZE",))
        text = number(0, 1)
        for i in range(8):
            writer.trial(
                study,
                i,
                "COMPLETE",
                [i / 8],
                {f"parameter_{j:04}": ((i * j) % 97 / 97, text) for j in range(n_params)},
                start=i,
                end=i + 1,
            )


def write_long(path, n_trials=10_000):
    with Writer(path) as writer:
        study = writer.study("long", ("MINIMIZE",))
        texts = {"lr": number(1e-5, 1, True), "width": whole(1, 512, True), "kind": choice("a", "b", "c")}
        for i in range(n_trials):
            values = {"lr": 10 ** (-5 * (i * 7919 % 1000) / 1000), "width": 1 + i * 104729 % 512, "kind": i % 3}
            loss = 1 + (i * 31 % 997) / 997 + 100 / (i + 10)
            params = {name: (value, texts[name]) for name, value in values.items()}
            reports = {step: loss + 1 / step for step in range(1, 5)}
            writer.trial(study, i, "COMPLETE" if i % 3 else "PRUNED", [loss], params, reports, start=i, end=i + 4)
