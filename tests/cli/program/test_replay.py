"""What another pruner would have stopped: held against real Optuna, which runs the same curves with that pruner."""

import csv
import io
import json
import math
import random
import unittest

import optuna
from optuna.pruners import HyperbandPruner, MedianPruner, PatientPruner, PercentilePruner, SuccessiveHalvingPruner
from program_test import ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)
N_TRIALS, N_STEPS = 40, 12
PRUNERS = (
    ("median", MedianPruner()),
    ('{"type": "median", "n_startup_trials": 2, "n_warmup_steps": 3}', MedianPruner(2, 3)),
    ('{"type": "percentile", "percentile": 25.0}', PercentilePruner(25.0)),
    ("successive_halving", SuccessiveHalvingPruner()),
    ('{"type": "hyperband", "min_resource": 1, "max_resource": 12}', HyperbandPruner(1, 12)),
    ('{"type": "patient", "patience": 2, "wrapped_pruner": {"type": "median"}}', PatientPruner(MedianPruner(), 2)),
)


def curve(number):
    """What a trial of that number reports, whatever else runs."""
    source = random.Random(number)
    end, noise = source.random(), 0.1 * source.random()
    return [end + 1.0 / step + noise * source.random() for step in range(1, N_STEPS + 1)]


def follow(trial):
    trial.suggest_float("x", 0.0, 1.0)
    values = curve(trial.number)
    for step, value in enumerate(values, 1):
        trial.report(value, step)
        # A trial at its last step is over.
        if trial.should_prune() and step < N_STEPS:
            raise optuna.TrialPruned
    return values[-1]


class Replay(ProgramTest):
    def searched(self, pruner):
        study = optuna.create_study(study_name="curves", pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=1))
        study.optimize(follow, N_TRIALS)
        return study.trials

    def store(self, trials, **options):
        study = optuna.create_study(study_name="curves", storage=f"sqlite:///{self.path('curves.db')}", **options)
        study.add_trials(trials)

    def replay(self, pruner):
        return json.loads(self.succeed("replay", "curves.db", "--pruner", pruner, "-f", "json"))

    def test_every_trial_stops_where_optuna_stops_it(self):
        self.store(self.searched(optuna.pruners.NopPruner()))
        for text, pruner in PRUNERS:
            answer, optunas = self.replay(text), self.searched(pruner)
            stopped = [trial.last_step if trial.state.name == "PRUNED" else None for trial in optunas]
            self.assertEqual([trial["stopped_at"] for trial in answer["trials"]], stopped, text)
            self.assertEqual(answer["order"], "time")
            self.assertGreater(answer["n_stopped"], 0, text)
            kept = sum(len(trial.intermediate_values) for trial in optunas)
            self.assertEqual(answer["steps"] - answer["steps_saved"], kept)
            complete = [trial for trial in optunas if trial.state.name == "COMPLETE"]
            self.assertEqual(answer["best_kept"]["value"], min(trial.value for trial in complete))

    def test_the_pruner_of_a_study_gives_what_it_gave(self):
        self.store(self.searched(MedianPruner()))
        answer = self.replay("median")
        self.assertEqual((answer["steps_saved"], answer["n_complete_stopped"], answer["n_cut"]), (0, 0, 0))
        self.assertGreater(answer["n_stopped"], 5)
        self.assertGreater(self.replay("nop")["n_cut"], 5)
        self.assertIn("is not known", self.succeed("replay", "curves.db", "--pruner", "nop"))

    def test_the_program_s_own_study_is_judged_again_as_it_was(self):
        self.succeed(self.study("tiny"), "--trials", "12", "--jobs", "1")
        answer = json.loads(self.succeed("replay", "tiny.db", "-f", "json", "--pruner",
                                         '{"type": "median", "n_startup_trials": 3, "n_warmup_steps": 0}'))
        self.assertEqual((answer["steps_saved"], answer["n_complete_stopped"], answer["n_cut"]), (0, 0, 0))
        self.assertEqual(answer["n_stopped"], self.states("tiny.db").count("PRUNED"))

    def test_a_table_says_what_is_saved_and_lost(self):
        self.store(self.searched(optuna.pruners.NopPruner()))
        text = self.succeed("replay", "curves.db", "--pruner", '{"type": "threshold", "upper": -1.0}')
        self.assertIn("40, of them 40 that were COMPLETE", text)
        self.assertIn("440 of 480 (92 %)", text)
        self.assertIn("best value kept      none", text)
        self.assertIn("5 of the 5 best", text)
        rows = list(csv.DictReader(io.StringIO(self.succeed("replay", "curves.db", "--pruner", "nop", "-f", "csv"))))
        self.assertEqual({(row["steps"], row["steps_trained"], row["stopped_at"]) for row in rows}, {("12", "12", "")})

    def test_trials_that_are_odd_are_judged_too(self):
        study = optuna.create_study(study_name="curves", storage=f"sqlite:///{self.path('curves.db')}")
        for values in ((math.nan, math.nan), (math.inf, 1.0), (-math.inf,), ()):
            trial = study.ask()
            for step, value in enumerate(values):
                trial.report(value, step)
            study.tell(trial, 1.0 if values else None, state=None if values else optuna.trial.TrialState.FAIL)
        study.ask().report(1.0, 1)
        answer = self.replay('{"type": "median", "n_startup_trials": 0}')
        self.assertEqual(answer["n_trials"], 3)

    def test_what_cannot_be_replayed_is_said(self):
        self.store([])
        self.assertIn("which pruner?", self.fail_with(2, "replay", "curves.db"))
        self.assertIn("unknown pruner", self.fail_with(2, "replay", "curves.db", "--pruner", "mean"))
        self.assertIn("n_startup_trials", self.fail_with(2, "replay", "curves.db", "--pruner",
                                                         '{"type": "median", "n_startup_trials": -1}'))
        self.assertIn("reported anything", self.fail_with(1, "replay", "curves.db", "--pruner", "median"))
        optuna.create_study(study_name="two", storage=f"sqlite:///{self.path('two.db')}",
                            directions=["minimize", "minimize"])
        self.assertIn("2 objectives", self.fail_with(2, "replay", "two.db", "--pruner", "median"))


if __name__ == "__main__":
    unittest.main()
