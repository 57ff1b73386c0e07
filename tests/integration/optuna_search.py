"""Real Optuna and this library search in one study by turns, and neither takes the other's trials for dead.

Usage: optuna_search.py SEARCH_DRIVER
Needs optuna 5 (tests/requirements.txt).
"""

import collections
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import warnings

import optuna
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.CRITICAL)
warnings.simplefilter("ignore")  # Heartbeats and groups are experimental.
DRIVER = ""
DRIVER_TRIALS = 7


def suggest_conditional(trial):
    if trial.suggest_categorical("kind", ["a", "b"]) == "a":
        return trial.suggest_float("x", 1e-3, 1.0, log=True)
    return trial.suggest_int("n", 1, 9) * trial.suggest_float("y", 0.0, 1.0)


def conditional(trial):
    value = suggest_conditional(trial)
    trial.report(value, 0)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    if trial.number % 5 == 4:
        raise ValueError("every fifth fails")
    return value


def two_objectives(trial):
    value = suggest_conditional(trial)
    if trial.number % 5 == 4:
        raise ValueError("every fifth fails")
    return value, 1.0 - value


class Search(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "study.db"
        self.url = f"sqlite:///{self.path}"

    def start(self, action):
        driver = subprocess.Popen([DRIVER, action, str(self.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        self.addCleanup(self.end, driver)
        return driver

    @staticmethod
    def end(driver):
        driver.kill()
        driver.communicate()

    def drive(self, action):
        done = subprocess.run([DRIVER, action, str(self.path)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def sql(self, text):
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(text).fetchall()
        finally:
            connection.close()


class ByTurns(Search):
    def search(self, action, objective, directions, turns=3):
        sampler = optuna.samplers.TPESampler(seed=1, n_startup_trials=5, multivariate=True, group=True)
        study = optuna.create_study(study_name="shared", storage=self.url, directions=directions, sampler=sampler)
        for _ in range(turns):
            study.optimize(objective, n_trials=6, catch=(ValueError,))
            study.enqueue_trial({"kind": "a", "x": 0.5})
            self.drive(action)
        trials = study.trials
        self.assertEqual([t.number for t in trials], list(range(len(trials))))
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        # Each turn of the driver leaves the entry that it enqueued or, the first time, one of Optuna's.
        self.assertEqual(sum(t.state == TrialState.WAITING for t in trials), 0)
        self.assertEqual(len(trials), turns * (6 + DRIVER_TRIALS))
        for trial in trials:
            expected = {"kind", "x"} if trial.params["kind"] == "a" else {"kind", "n", "y"}
            self.assertEqual(set(trial.params), expected)
        return study, trials

    def test_a_conditional_space_with_pruned_failed_and_enqueued_trials(self):
        study, trials = self.search("search", conditional, ["minimize"])
        for trial in trials:
            wanted = {3: TrialState.PRUNED, 4: TrialState.FAIL}.get(trial.number % 5, TrialState.COMPLETE)
            self.assertEqual(trial.state, wanted, trial.number)
            self.assertEqual(list(trial.intermediate_values), [0])
        self.assertEqual(self.sql("SELECT number, value FROM best_trial"),
                         [(study.best_trial.number, study.best_value)])

    def test_two_objectives(self):
        study, trials = self.search("search-two", two_objectives, ["minimize", "maximize"])
        states = collections.Counter(trial.state for trial in trials)
        self.assertEqual(states[TrialState.FAIL], len(trials) // 5)
        self.assertEqual(states[TrialState.COMPLETE], len(trials) - len(trials) // 5)
        self.assertTrue(all(len(trial.values) == 2 for trial in trials if trial.state == TrialState.COMPLETE))
        self.assertGreater(len(study.best_trials), 0)


class Dead(Search):
    """Optuna marks trials of its own whose heartbeat is old; those of this library have none there."""

    def setUp(self):
        super().setUp()
        self.storage = optuna.storages.RDBStorage(
            self.url, heartbeat_interval=1, grace_period=2,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=1))
        self.study = optuna.create_study(study_name="shared", storage=self.storage)

    def states(self):
        return [state for (state,) in self.sql("SELECT state FROM trials ORDER BY number")]

    def ask_with_a_heartbeat(self, age):
        trial = self.study.ask()
        suggest_conditional(trial)
        self.storage.record_heartbeat(trial._trial_id)
        self.sql(f"UPDATE trial_heartbeats SET heartbeat = datetime('now', '{-age} seconds') "
                 f"WHERE trial_id = {trial._trial_id}")
        return trial

    def test_each_takes_only_its_own_dead_trials(self):
        alive, dead = self.start("hold"), self.start("hold")
        running = int(alive.stdout.readline())
        lost = int(dead.stdout.readline())
        dead.kill()
        dead.wait()
        stale = self.ask_with_a_heartbeat(age=3600)
        fresh = self.ask_with_a_heartbeat(age=-3600)

        optuna.storages.fail_stale_trials(self.study)
        states = self.states()
        self.assertEqual([states[running], states[lost]], ["RUNNING", "RUNNING"])
        self.assertEqual([states[stale.number], states[fresh.number]], ["FAIL", "RUNNING"])
        retry = len(states) - 1
        self.assertEqual(states[retry], "WAITING")

        self.assertEqual(self.drive("take-from-the-dead"), f"{lost}\n")
        states = self.states()
        self.assertEqual([states[running], states[fresh.number]], ["RUNNING", "RUNNING"])

        self.drive("search")
        self.assertEqual(alive.communicate()[0], "")
        trials = self.study.trials
        self.assertEqual(trials[running].state, TrialState.COMPLETE)
        self.assertTrue(trials[lost].state.is_finished())
        self.assertTrue(trials[retry].state.is_finished())
        self.assertEqual(trials[retry].system_attrs["failed_trial"], stale.number)
        self.assertEqual(trials[retry].params, trials[stale.number].params)
        self.assertEqual(self.sql(f"SELECT count(*) FROM trial_heartbeats WHERE trial_id IN "
                                  f"(SELECT trial_id FROM trials WHERE number IN ({running}, {lost}, {retry}))"),
                         [(0,)])
        self.study.tell(fresh, 1.0)
        self.study.optimize(conditional, n_trials=3, catch=(ValueError,))
        numbers = [trial.number for trial in self.study.trials]
        self.assertEqual(numbers, list(range(len(numbers))))


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    unittest.main(verbosity=2)
