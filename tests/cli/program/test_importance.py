"""How much parameters matter, in the program's words and in Optuna's."""

import csv
import io
import json
import math
import pathlib
import shutil
import tempfile
import unittest
import warnings

import optuna
from optuna.importance import get_param_importances
from program_test import DATA, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


def simple(trial):
    """Everything that a distribution can be."""
    lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    drop = trial.suggest_float("drop", 0.0, 0.7, step=0.05)
    units = trial.suggest_int("units", 16, 1024, log=True)
    layers = trial.suggest_int("layers", 1, 9, step=2)
    kind = trial.suggest_categorical("kind", ["a", None, 3, True])
    trial.suggest_int("fixed", 4, 4)
    return (math.log10(lr) + 3) ** 2 + drop + layers / units + (0.5 if kind is None else 0.0)


def changing(trial):
    """Parameters that come and go, ranges that grow, values without end, trials that were given up."""
    x = trial.suggest_float("x", 0.0, 1.0 + trial.number // 30)
    if trial.suggest_categorical("deep <b>\n\"ünï\"", [False, True]):
        x += trial.suggest_float("only, deep", -1.0, 1.0)
    if trial.number % 11 == 7:
        raise optuna.TrialPruned
    return [math.inf, x][trial.number % 13 > 0]


def trade_off(trial):
    x = trial.suggest_float("x", 0.0, 2.0)
    y = trial.suggest_float("y", 0.0, 2.0)
    return x * x + y, (math.inf if trial.number == 5 else (x - 2) ** 2)


def optimized(objective, n_trials, directions=("minimize",)):
    study = optuna.create_study(directions=directions, sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials)
    return study


def wide_trial(value):
    names = [f"x{i}" for i in range(1000)]
    return optuna.trial.create_trial(value=value, params=dict.fromkeys(names, value),
                                     distributions=dict.fromkeys(names, optuna.distributions.FloatDistribution(0, 1)))


class Importance(ProgramTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made = pathlib.Path(folder.name) / "studies.db"
        studies = {"simple": optimized(simple, 60), "odd": optimized(changing, 60), "few": optimized(simple, 1),
                   "two": optimized(trade_off, 50, ("minimize", "maximize")),
                   "nothing": optimized(lambda trial: math.nan, 1), "wide": optuna.create_study()}
        studies["wide"].add_trials([wide_trial(value) for value in (0.1, 0.7, 0.3)])
        storage = optuna.storages.RDBStorage(f"sqlite:///{cls.made}")
        for name, study in studies.items():
            stored = optuna.create_study(study_name=name, storage=storage, directions=study.directions)
            stored.add_trials(study.trials)

    def setUp(self):
        super().setUp()
        shutil.copyfile(self.made, self.path("studies.db"))

    def optunas(self, study):
        return optuna.load_study(study_name=study, storage=f"sqlite:///{self.path('studies.db')}")

    def ask(self, study, *arguments):
        answer = self.succeed("importance", "studies.db", "--study", study, "-f", "json", *arguments)
        return json.loads(answer)["importances"]

    def assert_same(self, ours, theirs):
        self.assertEqual(set(ours), set(theirs))
        for name, importance in theirs.items():
            self.assertAlmostEqual(ours[name], importance, delta=1e-12, msg=name)
        self.assertEqual(list(ours.values()), sorted(ours.values(), reverse=True))

    def test_ped_anova_is_optunas(self):
        for study in ("simple", "odd", "wide"):
            self.assert_same(self.ask(study), get_param_importances(self.optunas(study)))
        asked = self.ask("odd", "--params", "x")
        self.assert_same(asked, get_param_importances(self.optunas("odd"), params=["x"]))

    def test_of_several_objectives_it_is_optunas_too(self):
        study = self.optunas("two")
        self.assert_same(self.ask("two"), get_param_importances(study))
        for objective, sign in ((0, 1.0), (1, -1.0)):
            target = get_param_importances(study, target=lambda trial: sign * trial.values[objective])
            self.assert_same(self.ask("two", "--objective", objective), target)
        refused = ("importance", "studies.db", "--study", "two")
        self.assertIn("there is no objective 2", self.fail_with(2, *refused, "--objective", "2"))
        self.assertIn("say which one", self.fail_with(2, *refused, "--evaluator", "fanova"))

    def test_fanova_names_the_parameters_that_all_trials_have(self):
        importances = self.ask("simple", "--evaluator", "fanova")
        self.assertEqual(set(importances), {"lr", "drop", "units", "layers", "kind", "fixed"})
        self.assertAlmostEqual(sum(importances.values()), 1.0)
        self.assertEqual(importances, self.ask("simple", "--evaluator", "fanova", "--seed", "0"))
        self.assertNotEqual(importances, self.ask("simple", "--evaluator", "fanova", "--seed", "1"))
        two = self.ask("simple", "--evaluator", "fanova", "--params", "kind,lr")
        self.assertEqual(set(two), {"kind", "lr"})

    def test_a_table_is_for_people_and_csv_for_programs(self):
        table = self.succeed("importance", "studies.db", "--study", "simple")
        self.assertIn("PED-ANOVA of 60 COMPLETE trial(s), for value", table)
        self.assertIn("####", table.splitlines()[2])
        rows = csv.DictReader(io.StringIO(self.succeed("importance", "studies.db", "--study", "simple", "-f", "csv")))
        self.assertEqual({row["param"]: float(row["importance"]) for row in rows}, self.ask("simple"))

    def test_names_that_are_odd_stay_readable(self):
        self.assertIn("deep <b>\\n\"ünï\"", self.succeed("importance", "studies.db", "--study", "odd"))
        self.assertIn("deep <b>\n\"ünï\"", self.ask("odd"))

    def test_few_trials_are_answered_with_a_warning(self):
        code, output, messages = self.run_program("importance", "studies.db", "--study", "few", "-f", "json")
        self.assertEqual(code, 0)
        self.assertIn("1 COMPLETE trial(s) are few", messages)
        self.assertEqual(set(json.loads(output)["importances"].values()), {1 / 6})

    def test_what_cannot_be_answered_is_said(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("single.db"))
        for arguments, complaint in ((("--evaluator", "mdi"), "expected ped_anova or fanova, found \"mdi\""),
                                     (("--params", "lr,nothing"), "no COMPLETE trial has the parameter \"nothing\""),
                                     (("--params", ","), "expected words between commas"),
                                     (("--seed", "3"), "nothing in ped_anova is random")):
            message = self.fail_with(2, "importance", "single.db", "--study", "single-min", *arguments)
            self.assertIn(complaint, message)

    def test_a_study_without_complete_trials_has_none(self):
        message = self.fail_with(1, "importance", "studies.db", "--study", "nothing")
        self.assertIn("no COMPLETE trial yet", message)


if __name__ == "__main__":
    unittest.main()
