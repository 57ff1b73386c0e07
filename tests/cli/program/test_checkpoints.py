"""Checkpoints: an interrupted trial goes on where it stood, and nobody can tell from the results."""

import json
import shutil
import signal
import time
import unittest

import optuna
from program_test import LIMIT_SECONDS, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)
FOLDER = "long.db.checkpoints"


class Checkpoints(ProgramTest):
    def long_study(self):
        """Trials of 40 epochs, which take a second or more."""
        return self.study("long", pruner={"type": "nop"}, fixed={"depth": 2, "optimizer": "adam", "dropout": 0.2},
                          objective={"type": "fmnist", "epochs": 40, "training_examples": 6000,
                                     "validation_examples": 1000})

    def files(self):
        folder = self.path(FOLDER)
        return sorted(folder.glob("*.checkpoint")) if folder.exists() else []

    def saved(self):
        """Tells every file and every state of a file apart."""
        states = set()
        for file in self.files():
            try:
                states.add((file.name, file.stat().st_ino, file.stat().st_mtime_ns))
            except FileNotFoundError:
                pass  # Its trial ended just now.
        return states

    def reports(self):
        return self.rows("select count(*) from trial_intermediate_values", db="long.db")[0][0]

    def kept_reports(self):
        """Those that wait for the trial to go on."""
        kept = self.rows("select value_json from trial_system_attributes where key = 'tune:kept'", db="long.db")
        return [tuple(report) for (text,) in kept for report in json.loads(text)["reports"]]

    def wait_until(self, condition, process):
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():
            self.assertIsNone(process.poll(), "the program ended before it was interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def interrupt(self, sent, *options, until=None):
        """Runs two trials one after the other, sends the signal once a checkpoint was saved; returns what the program
        said."""
        before = self.saved()
        process = self.start(self.long_study(), "--trials", "2", "--jobs", "1", *options)
        self.wait_until(until or (lambda: self.saved() - before), process)
        process.send_signal(sent)
        return self.finish(process)

    def interrupt_in_training(self, *options):
        """Ctrl-C in the middle of the first trial."""
        code, _, messages = self.interrupt(
            signal.SIGINT, *options, until=lambda: self.path("long.db").exists() and self.has_reported())
        self.assertEqual(code, 130, messages)
        self.assertEqual(self.states("long.db"), ["WAITING"])
        return messages

    def has_reported(self):
        tables = self.rows("select count(*) from sqlite_master where name = 'trial_intermediate_values'", db="long.db")
        return tables[0][0] > 0 and self.reports() > 2

    def resume(self, *options):
        """Runs what is missing; returns the messages."""
        code, _, messages = self.run_program("long.json", "--trials", "2", "--jobs", "1", *options)
        self.assertEqual(code, 0, messages)
        return messages

    def outcome(self, db):
        """Results and curves, which must not depend on interruptions."""
        curves = self.rows("select number, value_json from trial_user_attributes join trials using (trial_id) "
                           "where key = 'curves' order by number", db=db)
        self.assertEqual(len(curves), 2)
        return self.results(db), curves

    def assert_as_if_uninterrupted(self):
        self.succeed("long.json", "--trials", "2", "--jobs", "1", "--storage", "whole.db", "--no-checkpoints")
        self.assertEqual(self.outcome("long.db"), self.outcome("whole.db"))
        self.assert_sound("long.db")
        self.assertFalse(self.path(FOLDER).exists())
        self.assertFalse(self.path("whole.db.checkpoints").exists())

    def test_a_study_that_was_cut_off_again_and_again_equals_one_that_was_not(self):
        said = ""
        for sent, expected in ((signal.SIGINT, 130), (signal.SIGKILL, -9), (signal.SIGTERM, 143)):
            code, _, messages = self.interrupt(sent, "--checkpoint-seconds", "0")
            self.assertEqual(code, expected, messages)
            self.assertNotIn("FAIL", self.states("long.db"))
            self.assertLessEqual(len(self.files()), 1)
            said += messages
        self.assertIn("goes on from its checkpoint in epoch ", said + self.resume())
        self.assert_as_if_uninterrupted()

    def test_ctrl_c_keeps_the_epoch_that_was_begun_and_the_reports_before_it(self):
        self.interrupt_in_training()
        self.assertEqual(len(self.files()), 1)
        reports = self.kept_reports()
        self.assertGreater(len(reports), 2)
        self.assertIn(f"trial 0 goes on from its checkpoint in epoch {len(reports) + 1}", self.resume())
        self.assertEqual(self.kept_reports(), [])
        self.assert_as_if_uninterrupted()

    def test_a_worker_of_optuna_begins_an_interrupted_trial_with_the_first_step(self):
        self.interrupt_in_training()
        study = optuna.load_study(study_name="long", storage=f"sqlite:///{self.path('long.db')}")
        trial = study.ask()
        self.assertEqual((trial.number, study.trials[0].intermediate_values), (0, {}))
        trial.report(0.125, 1)
        study.tell(trial, 0.25)
        self.assertEqual(study.trials[0].intermediate_values, {1: 0.125})
        self.assertNotIn("goes on from", self.resume())
        self.assertEqual(self.states("long.db"), ["COMPLETE", "COMPLETE"])
        self.assert_sound("long.db")

    def test_a_damaged_checkpoint_is_told_of_and_ignored(self):
        self.interrupt_in_training()
        file, = self.files()
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        messages = self.resume()
        self.assertIn("trial 0 begins anew, its checkpoint cannot be used: it is damaged", messages)
        self.assert_as_if_uninterrupted()

    def test_without_checkpoints_an_interrupted_trial_begins_anew(self):
        self.interrupt_in_training("--no-checkpoints")
        self.assertFalse(self.path(FOLDER).exists())
        self.assertEqual((self.reports(), self.kept_reports()), (0, []))
        self.assertNotIn("goes on from", self.resume())
        self.assert_as_if_uninterrupted()

    def test_a_checkpoint_beyond_the_size_limit_is_left_out_and_fails_no_trial(self):
        study = self.study("long", file="wide.json", name="wide", objective={
            "type": "fmnist", "epochs": 2, "training_examples": 6000, "validation_examples": 1000},
            space={}, fixed={"depth": 2, "width": 256, "optimizer": "adam"})
        code, _, messages = self.run_program(study, "--trials", "2", "--jobs", "1", "--checkpoint-seconds", "0",
                                             "--max-checkpoints", "1")
        self.assertEqual(code, 0, messages)
        self.assertEqual(messages.count("could not be saved"), 1, messages)
        self.assertIn("their limit of 1048576 bytes", messages)
        self.assertEqual(self.states("wide.db"), ["COMPLETE"] * 2)
        self.assertEqual(self.names(), ["wide.db", "wide.json"])

    def test_what_a_killed_run_left_of_finished_trials_is_removed(self):
        self.interrupt_in_training()
        shutil.copytree(self.path(FOLDER), self.path("kept"))
        self.resume()
        for n_trials in ("2", "3"):  # Nothing to do, and one more.
            shutil.copytree(self.path("kept"), self.path(FOLDER))
            self.succeed("long.json", "--trials", n_trials, "--jobs", "1")
            self.assertFalse(self.path(FOLDER).exists())

    def test_checkpoint_options_that_contradict_each_other_are_refused(self):
        study = self.long_study()
        for other in ("--max-checkpoints", "--checkpoint-seconds"):
            message = self.fail_with(2, study, "--no-checkpoints", other, "5")
            self.assertIn(f"--no-checkpoints and {other}: give one of the two", message)
        self.assertEqual(self.names(), ["long.json"])


if __name__ == "__main__":
    unittest.main()
