"""Real Optuna and this library at the same SQLite files.

Usage: optuna_interop.py STORAGE_DRIVER
Needs optuna 5 (tests/requirements.txt).
"""

import math
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import optuna
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
DRIVER = ""


class Interop(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "study.db"
        self.url = f"sqlite:///{self.path}"

    def drive(self, action):
        done = subprocess.run([DRIVER, action, str(self.path)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def load(self, name, **options):
        return optuna.load_study(study_name=name, storage=self.url, **options)

    def sql(self, text):
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()


class WrittenHere(Interop):
    NAME = "every state / ünï"

    def setUp(self):
        super().setUp()
        self.drive("write-every-state")
        self.study = self.load(self.NAME)
        self.trials = self.study.trials

    def test_optuna_sees_every_state_under_contiguous_numbers(self):
        self.assertEqual([t.number for t in self.trials], list(range(7)))
        wanted = "COMPLETE COMPLETE PRUNED PRUNED FAIL RUNNING WAITING".split()
        self.assertEqual([t.state.name for t in self.trials], wanted)

    def test_optuna_reads_study_attributes(self):
        self.assertEqual(self.study.user_attrs, {"owner": {"name": "Zoë", "n": 3}})
        self.assertEqual(self.study.metric_names, ["loss"])

    def test_optuna_reads_parameters_and_distributions(self):
        trial = self.trials[0]
        wanted = {"lr": 0.001, "drop": 0.3, "n": 4, "m": 10, "c": 'ünï "☃"\n'}
        self.assertEqual(trial.params, wanted)
        self.assertEqual(list(trial.params), list(wanted))
        self.assertIsInstance(trial.params["n"], int)
        distributions = trial.distributions
        self.assertEqual(distributions["lr"], optuna.distributions.FloatDistribution(1e-5, 1.0, log=True))
        self.assertEqual(distributions["drop"], optuna.distributions.FloatDistribution(0, 0.5, step=0.1))
        self.assertEqual(distributions["n"], optuna.distributions.IntDistribution(1, 16, log=True))
        self.assertEqual(distributions["m"], optuna.distributions.IntDistribution(0, 20, step=5))
        choices = ("sgd", None, True, 3, 2.5, 'ünï "☃"\n')
        self.assertEqual(distributions["c"].choices, choices)
        self.assertIs(self.trials[1].params["c"], None)
        self.assertIs(self.trials[2].params["c"], True)

    def test_optuna_reads_values_and_reports_that_are_not_finite(self):
        reports = self.trials[0].intermediate_values
        self.assertEqual(list(reports), [0, 10, 20, 30])
        self.assertTrue(math.isnan(reports[0]))
        self.assertEqual([reports[10], reports[20], reports[30]], [math.inf, -math.inf, 0.5])
        self.assertEqual(self.trials[1].value, math.inf)
        self.assertEqual(self.trials[2].value, 2.0)
        self.assertIsNone(self.trials[3].value)
        self.assertIsNone(self.trials[4].value)

    def test_optuna_reads_attributes_and_times(self):
        trial = self.trials[0]
        self.assertEqual(trial.user_attrs, {"why": "☃"})
        self.assertEqual(trial.constraints, {"0": -1.0})
        self.assertGreaterEqual(trial.duration.total_seconds(), 0)
        self.assertIsNone(self.trials[6].datetime_start)
        for start, complete in self.sql("SELECT datetime_start, datetime_complete FROM trials"):
            for time in (start, complete):
                if time is not None:
                    self.assertRegex(time, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$")

    def test_the_best_trial_is_the_same_for_optuna_and_for_sql(self):
        best = self.study.best_trial
        self.assertEqual(self.sql("SELECT number, value FROM best_trial"), [(best.number, best.value)])

    def test_optuna_continues_with_its_default_sampler(self):
        self.study.optimize(suggest_all, n_trials=20)
        trials = self.study.trials
        self.assertEqual([t.number for t in trials], list(range(26)))
        self.assertEqual(trials[6].params["lr"], 0.0625, "the enqueued trial is taken first")
        self.assertEqual(trials[5].state, TrialState.RUNNING)

    def test_optuna_exports_everything(self):
        self.assertEqual(len(optuna.get_all_study_summaries(self.url)), 1)

    def test_optuna_deletes_the_study(self):
        optuna.delete_study(study_name=self.NAME, storage=self.url)
        self.assertEqual(self.drive("dump"), "")


def suggest_all(trial):
    trial.suggest_float("lr", 1e-5, 1.0, log=True)
    trial.suggest_float("drop", 0.0, 0.5, step=0.1)
    trial.suggest_int("n", 1, 16, log=True)
    trial.suggest_int("m", 0, 20, step=5)
    trial.suggest_categorical("c", ["sgd", None, True, 3, 2.5, 'ünï "☃"\n'])
    return trial.params["lr"]


class TwoObjectives(Interop):
    def test_optuna_continues_a_study_with_two_objectives(self):
        self.drive("write-two-objectives")
        study = self.load("two")
        self.assertEqual([t.values for t in study.trials], [[0.5, 0.5], [0.25, -math.inf], [0.75, 0.75]])
        study.optimize(lambda t: (t.suggest_float("x", 0.0, 1.0), 1.0), n_trials=15)
        self.assertEqual(len(study.trials), 18)
        self.assertEqual(self.sql("SELECT * FROM best_trial"), [])
        self.assertEqual(len(self.drive("dump").splitlines()), 18)


def objective(trial):
    x = trial.suggest_float("x", -1.0, 1.0)
    trial.suggest_categorical("k", ["a", "b"])
    trial.report(x, 0)
    if trial.number % 5 == 4:
        raise optuna.TrialPruned
    return x * x


class Alternating(Interop):
    def check(self, first):
        study = self.load("shared", sampler=optuna.samplers.TPESampler(seed=1, n_startup_trials=5))
        for _ in range(2):
            study.optimize(objective, n_trials=8)
            study.enqueue_trial({"x": 0.5})
            self.drive("go-on")
        trials = study.trials
        self.assertEqual([t.number for t in trials], list(range(26)), first)
        self.assertTrue(all(t.state.is_finished() for t in trials))
        lines = [line.split("\t") for line in self.drive("dump").splitlines()]
        self.assertEqual([line[2] for line in lines], [t.state.name for t in trials])
        for line, trial in zip(lines, trials):
            self.assertEqual([float(v) for v in line[3].split()], trial.values or [])
            self.assertEqual(int(line[5]), len(trial.intermediate_values))
        self.assertEqual(self.sql("SELECT number, value FROM best_trial"),
                         [(study.best_trial.number, study.best_value)])
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])

    def test_begun_here(self):
        self.drive("create-shared")
        self.check("here")

    def test_begun_by_optuna(self):
        optuna.create_study(study_name="shared", storage=self.url)
        self.check("Optuna")


class SideBySide(Interop):
    def test_both_write_at_the_same_time(self):
        self.drive("create-shared")
        drivers = [subprocess.Popen([DRIVER, "go-on", str(self.path)]) for _ in range(4)]
        self.load("shared").optimize(objective, n_trials=10)
        self.assertEqual([driver.wait() for driver in drivers], [0] * 4)
        self.assertEqual([t.number for t in self.load("shared").trials], list(range(30)))


class Layout(Interop):
    def test_the_tables_are_what_optuna_makes(self):
        self.drive("create-shared")
        ours = self.sql("SELECT name, sql FROM sqlite_master WHERE type <> 'view' ORDER BY name")
        self.path.unlink()
        optuna.create_study(study_name="shared", storage=self.url)
        self.assertEqual(ours, self.sql("SELECT name, sql FROM sqlite_master ORDER BY name"))

    def test_optuna_finds_its_own_version(self):
        self.drive("create-shared")
        storage = optuna.storages.RDBStorage(self.url)
        self.assertEqual(storage.get_current_version(), storage.get_head_version())


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    unittest.main(verbosity=2)
