"""Configurations put into the queue from the command line."""

import csv
import io
import json
import shutil
import sqlite3
import unittest

import optuna
from program_test import DATA, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Enqueue(ProgramTest):
    def enqueue(self, target, *params, options=()):
        arguments = [part for text in params for part in ("--params", json.dumps(text))]
        return json.loads(self.succeed("enqueue", target, *arguments, "-f", "json", *options))

    def queue(self, db="tiny.db"):
        return [(number, json.loads(text)) for number, text in self.rows(
            "select number, value_json from trials join trial_system_attributes using (trial_id)"
            " where key = 'fixed_params' and state = 'WAITING' order by number", db=db)]

    def test_by_its_study_file_a_study_is_made_with_the_configuration_in_its_queue(self):
        study = self.study("tiny")
        answer = self.enqueue(study, {"lr": 0.01, "optimizer": "adam"})
        self.assertEqual(answer, [{"number": 0, "params": {"lr": 0.01, "optimizer": "adam"}}])
        self.assertEqual(self.queue(), [(0, {"lr": 0.01, "optimizer": "adam"})])
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])
        self.assert_sound("tiny.db")

    def test_the_next_trials_take_what_was_enqueued(self):
        study = self.study("tiny")
        self.enqueue(study, {"lr": 0.01, "optimizer": "adam", "depth": 1})
        self.succeed(study, "--trials", "2")
        first = json.loads(self.succeed("trials", "tiny.db", "-f", "json"))[0]
        self.assertEqual((first["params"]["lr"], first["params"]["optimizer"], first["params"]["depth"]),
                         (0.01, "adam", 1))
        # What a first run knows of its library and data is kept although the study was there before it.
        (facts,), = self.rows("select value_json from study_system_attributes where key = 'tune:provenance'",
                              db="tiny.db")
        self.assertIn("data_crc32", json.loads(facts))

    def test_several_configurations_and_lists_of_them_are_numbered_in_order(self):
        study = self.study("tiny")
        answer = self.enqueue(study, {"lr": 0.01}, [{"lr": 0.02}, {}])
        self.assertEqual([(one["number"], one["params"]) for one in answer],
                         [(0, {"lr": 0.01}), (1, {"lr": 0.02}), (2, {})])
        again = self.enqueue("tiny.db", {"lr": 0.03})
        self.assertEqual(again[0]["number"], 3)

    def test_replicates_are_enqueued_together(self):
        answer = self.enqueue(self.study("points"), {"lr": 0.05})
        self.assertEqual([one["number"] for one in answer], [6, 7])

    def test_skip_if_exists_leaves_out_what_a_trial_has(self):
        study = self.study("tiny")
        self.enqueue(study, {"lr": 0.01})
        answer = self.enqueue("tiny.db", {"lr": 0.01000001}, {"lr": 0.02}, options=["--skip-if-exists"])
        self.assertEqual(answer, [{"number": 1, "params": {"lr": 0.02}}])
        text = self.succeed("enqueue", "tiny.db", "--params", '{"lr": 0.02}', "--skip-if-exists")
        self.assertEqual(text, "skipped, a trial has it: lr = 0.02\n")

    def test_user_attributes_come_with_the_trial(self):
        study = self.study("tiny")
        self.enqueue(study, {"lr": 0.01}, options=["--user-attr", 'source="a=b"', "--user-attr", "n=3"])
        self.assertEqual(self.rows("select key, value_json from trial_user_attributes order by key", db="tiny.db"),
                         [("n", "3"), ("source", '"a=b"')])
        for text in ("source=paper", "=3", "source"):
            self.assertIn(f'"{text}"', self.fail_with(2, "enqueue", study, "--params", "{}", "--user-attr", text))

    def test_what_is_outside_the_search_space_is_refused_and_nothing_is_written(self):
        study = self.study("tiny")
        self.enqueue(study, {"lr": 0.01})
        before = self.digest("tiny.db")
        for params, expected in (({"lr": 5}, "from 0.0001 to 0.1"), ({"optimizer": "adan"}, '"sgd" or "adam"'),
                                 ({"depth": 1.5}, "from 1 to 2"), ({"rl": 0.01}, "a parameter of the space"),
                                 ({"optimizer": "adam", "momentum": 0.5}, "it needs optimizer"), ([3], "an object"),
                                 ({"lr": [0.1]}, "from 0.0001 to 0.1"), ("lr", "an object")):
            for target in (study, "tiny.db"):
                message = self.fail_with(2, "enqueue", target, "--params", json.dumps(params))
                self.assertIn(expected, message)
                self.assertIn("--params:1:", message)
        self.assertIn("--params:1:", self.fail_with(2, "enqueue", study, "--params", "{lr: 1}"))
        self.assertIn("--params", self.fail_with(2, "enqueue", study))
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_study_of_optuna_is_held_against_what_its_trials_had(self):
        study = optuna.create_study(study_name="theirs", storage=f"sqlite:///{self.path('theirs.db')}")
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + len(trial.suggest_categorical("c", ["a", "bb"])),
                       n_trials=3)
        self.assertIn("from 0.0 to 1.0", self.fail_with(2, "enqueue", "theirs.db", "--params", '{"x": 2}'))
        self.assertIn('"a" or "bb"', self.fail_with(2, "enqueue", "theirs.db", "--params", '{"c": "x"}'))
        self.assertEqual(self.enqueue("theirs.db", {"x": 1, "c": "bb"})[0]["number"], 3)
        code, _, messages = self.run_program("enqueue", "theirs.db", "--params", '{"y": 1}')
        self.assertEqual(code, 0)
        self.assertIn('no trial of this study has had a parameter "y"', messages)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + len(trial.suggest_categorical("c", ["a", "bb"])),
                       n_trials=1)
        self.assertEqual(study.trials[3].params, {"x": 1.0, "c": "bb"})

    def test_a_range_that_grew_counts_as_a_whole(self):
        study = optuna.create_study(study_name="theirs", storage=f"sqlite:///{self.path('theirs.db')}")
        for high in (1, 5, 3):
            study.optimize(lambda trial: trial.suggest_int("n", 1, high), n_trials=1)
        self.assertEqual(self.enqueue("theirs.db", {"n": 5})[0]["number"], 3)
        self.assertIn("from 1 to 5", self.fail_with(2, "enqueue", "theirs.db", "--params", '{"n": 6}'))

    def test_answers_come_as_text_and_csv_too(self):
        study = self.study("tiny")
        self.assertEqual(self.succeed("enqueue", study, "--params", '{"lr": 0.01, "optimizer": "adam"}'),
                         "trial 0 waits: lr = 0.01, optimizer = adam\n")
        text = self.succeed("enqueue", study, "--params", '[{"lr": 0.02}, {"depth": 2}]', "-f", "csv")
        self.assertEqual(list(csv.DictReader(io.StringIO(text))),
                         [{"number": "1", "params_depth": "", "params_lr": "0.02"},
                          {"number": "2", "params_depth": "2", "params_lr": ""}])

    def test_the_study_must_be_clear(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("single.db"))
        self.assertIn("--study", self.fail_with(2, "enqueue", "single.db", "--params", "{}"))
        self.assertIn("which study?", self.fail_with(2, "enqueue", "--params", "{}"))
        self.assertIn("missing.db", self.fail_with(1, "enqueue", "missing.db", "--params", "{}"))
        self.assertNotIn("missing.db", self.names())
        study = self.study("tiny")
        self.assertIn('not of "other"', self.fail_with(2, "enqueue", study, "--study", "other", "--params", "{}"))

    def test_a_study_file_that_does_not_fit_the_study_is_refused(self):
        study = self.study("tiny")
        self.enqueue(study, {"lr": 0.01})
        changed = self.study("tiny", objective={"type": "fmnist", "epochs": 3})
        self.assertIn("epochs", self.fail_with(2, "enqueue", changed, "--params", "{}"))


if __name__ == "__main__":
    unittest.main()
