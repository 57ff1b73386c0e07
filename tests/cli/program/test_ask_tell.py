"""Trials that run outside of the program, in turns with real Optuna on the same file."""

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import unittest

import optuna
from program_test import DATA, LIMIT_SECONDS, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = {"lr": '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.1, "log": true}}'}


class AskTell(ProgramTest):
    def setUp(self):
        super().setUp()
        self.file = self.study("tiny")

    def ask(self, target=None):
        return json.loads(self.succeed("ask", target or self.file))

    def tell(self, number, *options, db="tiny.db"):
        return json.loads(self.succeed("tell", db, "--trial", number, *options, "-f", "json"))

    def load(self, study="tiny", db="tiny.db"):
        return optuna.load_study(study_name=study, storage=f"sqlite:///{self.path(db)}")

    def optuna_command(self, *arguments):
        """What Optuna's own program prints."""
        return subprocess.run([sys.executable, "-c", "from optuna.cli import main; main()", *arguments], cwd=self.folder, check=True,
                              capture_output=True, text=True, timeout=LIMIT_SECONDS).stdout

    def test_a_loop_begins_and_ends_trials_of_a_study_that_the_file_describes(self):
        for expected in range(3):
            asked = self.ask(self.file if expected == 0 else "tiny.db")
            self.assertEqual(asked["number"], expected)
            stored = self.load().trials[expected]
            self.assertEqual((stored.state.name, stored.params), ("RUNNING", asked["params"]))
            told = self.tell(expected, "--values", 0.5 + expected / 10)
            self.assertEqual((told["state"], told["value"]), ("COMPLETE", 0.5 + expected / 10))
        self.assertEqual(self.load().best_trial.number, 2)
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])
        self.assert_sound("tiny.db")

    def test_what_is_suggested_is_what_a_run_of_the_same_results_suggests(self):
        asked = [self.ask()["params"], self.ask()["params"]]
        other = self.study("tiny", file="other.json", storage="other.db")
        self.assertEqual([json.loads(self.succeed("ask", other))["params"] for _ in range(2)], asked)

    def test_a_trial_carries_no_mark_and_outlives_the_program_that_asked(self):
        self.ask()
        self.assertEqual(self.rows("select key from trial_system_attributes where key like 'tune:owner'",
                                   db="tiny.db"), [])
        self.assertEqual(self.ask("tiny.db")["number"], 1)
        self.assertEqual(self.states("tiny.db"), ["RUNNING", "RUNNING"])

    def test_an_enqueued_configuration_comes_first(self):
        self.succeed("enqueue", self.file, "--params", '{"lr": 0.01, "optimizer": "adam"}')
        params = self.ask()["params"]
        self.assertEqual((params["lr"], params["optimizer"]), (0.01, "adam"))

    def test_our_commands_and_optunas_take_turns_on_one_file(self):
        url = f"sqlite:///{self.path('tiny.db')}"
        ours = self.ask()
        self.optuna_command("tell", "--storage", url, "--study-name", "tiny", "--trial-number", str(ours["number"]),
                            "--values", "0.7")
        theirs = json.loads(self.optuna_command(
            "ask", "--storage", url, "--study-name", "tiny", "--search-space",
            json.dumps({name: json.loads(text) for name, text in SPACE.items()})))
        self.assertEqual(theirs["number"], 1)
        told = self.tell(1, "--values", 0.6)
        self.assertEqual((told["state"], told["value"], told["params"]), ("COMPLETE", 0.6, theirs["params"]))
        self.assertEqual(self.ask()["number"], 2)
        self.optuna_command("tell", "--storage", url, "--study-name", "tiny", "--trial-number", "2", "--state", "fail")
        self.assertEqual([(trial.state.name, trial.values) for trial in self.load().trials],
                         [("COMPLETE", [0.7]), ("COMPLETE", [0.6]), ("FAIL", None)])

    def test_a_trial_that_python_asked_for_is_told_here(self):
        study = optuna.create_study(study_name="theirs", storage=f"sqlite:///{self.path('theirs.db')}")
        study.ask().suggest_float("x", 0, 1)
        told = self.tell(0, "--values", "-1.5e3", db="theirs.db")
        self.assertEqual((told["state"], told["value"]), ("COMPLETE", -1500))
        self.assertEqual(self.load("theirs", "theirs.db").trials[0].value, -1500)
        message = self.fail_with(2, "ask", "theirs.db")
        self.assertIn("keeps no study file", message)

    def test_intermediate_values_are_stored_and_the_pruner_speaks(self):
        for number in range(3):
            self.ask()
            self.tell(number, "--intermediate", f"1={0.8 + number / 100}", "--values", 0.9)
        self.ask()
        told = self.tell(3, "--intermediate", "1=0.1")
        self.assertEqual((told["state"], told["should_prune"]), ("RUNNING", True))
        self.assertEqual(self.states("tiny.db")[3], "RUNNING")
        told = self.tell(3, "--state", "pruned")
        self.assertEqual((told["state"], told["value"], told["should_prune"]), ("PRUNED", 0.1, None))
        self.assertEqual(self.load().trials[3].intermediate_values, {1: 0.1})
        self.ask()
        text = self.succeed("tell", "tiny.db", "--trial", 4, "--intermediate", "1=0.95", "--intermediate", "2=0.97")
        self.assertEqual(text, "trial 4 is RUNNING; 2 intermediate value(s), the last one 0.97 at step 2; it should go on\n")

    def test_a_step_keeps_its_first_value_and_says_so(self):
        for number in range(3):
            self.ask()
            self.tell(number, "--intermediate", f"1={0.8 + number / 100}", "--values", 0.9)
        self.ask()
        self.assertTrue(self.tell(3, "--intermediate", "1=0.1")["should_prune"])
        code, output, messages = self.run_program("tell", "tiny.db", "--trial", 3, "--intermediate", "1=0.95", "-f", "json")
        self.assertEqual((code, json.loads(output)["should_prune"]), (0, None))
        self.assertIn("note: step 1 of trial 3 keeps its value 0.1", messages)
        self.assertEqual(self.load().trials[3].intermediate_values, {1: 0.1})
        code, _, messages = self.run_program("tell", "tiny.db", "--trial", 3, "--intermediate", "1=0.1")
        self.assertEqual((code, messages), (0, ""))

    def test_no_pruner_speaks_for_a_study_that_keeps_no_study_file(self):
        study = optuna.create_study(study_name="theirs", storage=f"sqlite:///{self.path('theirs.db')}")
        # The median rule, which is the default of a study that names no pruner, would stop trial 7 at step 2.
        for value in [0.1] * 7 + [0.9]:
            trial = study.ask()
            trial.report(value, 1)
            if value == 0.1:
                trial.report(value, 2)
                study.tell(trial, value)
        self.assertIsNone(self.tell(7, "--intermediate", "2=0.9", db="theirs.db")["should_prune"])
        self.tell(7, "--state", "pruned", db="theirs.db")
        self.assertNotIn("tune:prune", self.load("theirs", "theirs.db").trials[7].system_attrs)

    def test_a_reproducible_study_has_no_trials_outside(self):
        file = self.study("tiny", reproducible={"window": 4})
        self.assertIn("is to be reproducible", self.fail_with(2, "ask", file))
        self.assertEqual(self.names(), ["tiny.json"])

    def test_several_values_and_infinite_ones_are_taken_and_nan_fails(self):
        file = self.study("tiny", file="two.json", name="two", pruner=None,
                          objectives=[{"metric": "validation_accuracy", "direction": "maximize"},
                                      {"metric": "training_seconds", "direction": "minimize"}])
        for _ in range(3):
            self.ask(file)
        self.assertEqual(self.tell(0, "--values", "0.5", "-2", db="two.db")["values"], [0.5, -2])
        self.assertEqual(self.tell(1, "--values", "-inf", "2", db="two.db")["values"], ["-Infinity", 2])
        self.assertEqual(self.tell(2, "--values", "nan", "2", db="two.db")["state"], "FAIL")
        self.assertEqual([trial.state.name for trial in self.load("two", "two.db").trials],
                         ["COMPLETE", "COMPLETE", "FAIL"])

    def test_what_cannot_be_told_is_refused_and_nothing_is_stored(self):
        self.ask()
        self.succeed("enqueue", "tiny.db", "--params", "{}")
        before = self.rows("select * from trials", db="tiny.db")
        for code, text, arguments in (
                (2, "1 objective(s), found 2 value(s)", ("--trial", 0, "--values", 1, 2)),
                (2, "expected numbers", ("--trial", 0, "--values", "high")),
                (2, "which trial?", ("--values", 1)), (2, "has no trial 7", ("--trial", 7, "--values", 1)),
                (1, "trial 1 is WAITING", ("--trial", 1, "--values", 1)), (2, "what of the trial?", ("--trial", 0)),
                (2, "needs --values", ("--trial", 0, "--state", "complete")),
                (2, "only for a COMPLETE trial", ("--trial", 0, "--state", "fail", "--values", 1)),
                (2, "complete, pruned or fail", ("--trial", 0, "--state", "done")),
                (2, "STEP=VALUE", ("--trial", 0, "--intermediate", "3")),
                (2, "whole number", ("--trial", 0, "--intermediate=-1=0.5")),
                (2, "step 3 is given twice", ("--trial", 0, "--intermediate", "3=0.5", "--intermediate", "3=0.6")),
                (2, "--trial", ("--trial", "first", "--values", 1))):
            self.assertIn(text, self.fail_with(code, "tell", "tiny.db", *arguments))
        self.assertEqual(self.rows("select * from trials", db="tiny.db"), before)

    def test_a_finished_trial_never_changes(self):
        self.ask()
        self.tell(0, "--values", 0.5)
        before = self.digest("tiny.db")
        self.assertIn("trial 0 is COMPLETE already", self.fail_with(1, "tell", "tiny.db", "--trial", 0, "--values", 0.9))
        self.assertEqual(self.tell(0, "--values", 0.9, "--skip-if-finished")["value"], 0.5)
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_trial_of_a_process_of_ours_is_not_an_outsiders(self):
        self.ask()
        mark = {"host": "h", "boot_id": "b", "pid": 5, "start_time": 1, "pid_namespace": 1, "epoch": 0}
        connection = sqlite3.connect(self.path("tiny.db"))
        connection.execute("insert into trial_system_attributes (trial_id, key, value_json) values (1, 'tune:owner', ?)",
                           (json.dumps(mark),))
        connection.commit()
        connection.close()
        message = self.fail_with(1, "tell", "tiny.db", "--trial", 0, "--values", 0.9)
        self.assertIn("process 5 on host h", message)

    def test_a_space_that_is_used_up_says_so(self):
        file = self.study("points")
        numbers = [self.ask(file)["number"] for _ in range(6)]
        self.assertEqual(numbers, list(range(6)))
        for number in numbers:
            self.tell(number, "--values", 0.1, db="points.db")
        self.assertIn("no further point", self.fail_with(1, "ask", file))

    def test_a_run_goes_on_with_the_study_of_a_loop(self):
        self.ask()
        self.tell(0, "--values", 0.5)
        self.succeed(self.file, "--trials", "2")
        self.assertEqual(self.states("tiny.db")[0], "COMPLETE")
        self.assertEqual(len(self.finished_trials("tiny.db")), 2)

    def test_answers_come_as_csv_and_table_too(self):
        rows = list(csv.DictReader(io.StringIO(self.succeed("ask", self.file, "-f", "csv"))))
        self.assertEqual(rows[0]["number"], "0")
        self.assertIn("params_lr", rows[0])
        self.assertIn("optimizer", self.succeed("ask", "tiny.db", "-f", "table").splitlines()[0])
        rows = list(csv.DictReader(io.StringIO(self.succeed("tell", "tiny.db", "--trial-number", 1, "--values", 0.25,
                                                            "-f", "csv"))))
        self.assertEqual((rows[0]["number"], rows[0]["value"]), ("1", "0.25"))
        self.assertEqual(self.succeed("tell", "--trial", 0, "--values", 0.5, "--storage", "tiny.db"),
                         "trial 0 is COMPLETE with 0.5\n")


if __name__ == "__main__":
    unittest.main()
