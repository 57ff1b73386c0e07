"""Ctrl-C, kill -9 and several processes: no finished trial is lost, changed or repeated."""

import signal
import unittest

from program_test import ProgramTest


class Interruption(ProgramTest):
    def interrupt(self, sent, *arguments, after=3):
        """Starts a run, sends the signal when so many trials are finished; returns what the program gave."""
        study = self.study("long")
        process = self.start(study, *arguments)
        self.wait_for_finished("long.db", after, process)
        process.send_signal(sent)
        return self.finish(process)

    def resume_to(self, n_trials, before, *arguments):
        self.succeed("long.json", "--trials", n_trials, *arguments)
        after = self.finished_trials("long.db")
        self.assertEqual(sorted(after), list(range(n_trials)))
        self.assertEqual({number: after[number] for number in before}, before)
        self.assertEqual(len(self.states("long.db")), n_trials)
        self.assert_sound("long.db")

    def test_ctrl_c_saves_and_the_same_command_goes_on(self):
        code, _, messages = self.interrupt(signal.SIGINT, "--trials", "16")
        self.assertEqual(code, 130, messages)
        self.assertIn("stopping", messages)
        self.assertIn("resume with: ", messages)
        self.assertIn("long.json --trials 16", messages)
        before = self.finished_trials("long.db")
        self.assertLess(len(before), 16)
        states = self.states("long.db")
        self.assertNotIn("RUNNING", states)
        self.assertNotIn("FAIL", states)
        self.resume_to(16, before)

    def test_sigterm_saves_too(self):
        code, _, messages = self.interrupt(signal.SIGTERM, "--trials", "16")
        self.assertEqual(code, 143, messages)
        self.assertNotIn("RUNNING", self.states("long.db"))

    def test_a_second_signal_ends_at_once_and_loses_no_finished_trial(self):
        process = self.start(self.study("long"), "--trials", "16")
        self.wait_for_finished("long.db", 2, process)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        code, _, messages = self.finish(process)
        self.assertIn(code, (130, 143), messages)
        self.resume_to(6, self.finished_trials("long.db"))

    def test_kill_9_loses_no_finished_trial(self):
        for n_trials in (3, 6, 10):
            process = self.start(self.study("long"), "--trials", "16")
            self.wait_for_finished("long.db", n_trials, process)
            process.kill()
            process.wait()
            self.assert_sound("long.db")
        self.resume_to(16, self.finished_trials("long.db"))

    def test_killed_and_resumed_equals_uninterrupted(self):
        study = self.study("long")
        self.succeed(study, "--trials", "8", "--jobs", "1", "--storage", "whole.db")
        for sent in (signal.SIGKILL, signal.SIGINT):
            process = self.start(study, "--trials", "8", "--jobs", "1")
            self.wait_for_finished("long.db", 2 if sent == signal.SIGKILL else 4, process)
            process.send_signal(sent)
            process.wait()
        self.succeed(study, "--trials", "8", "--jobs", "1")
        self.assertEqual(self.results("long.db"), self.results("whole.db"))

    def test_a_process_takes_over_the_trials_of_one_that_is_killed(self):
        study = self.study("long")
        first = self.start(study, "--trials", "12", "--jobs", "1")
        self.wait_for_finished("long.db", 1, first)
        second = self.start(study, "--trials", "12", "--jobs", "1")
        self.wait_for_finished("long.db", 3, first)
        first.kill()
        first.wait()
        code, _, messages = self.finish(second)
        self.assertEqual(code, 0, messages)
        self.assertEqual(sorted(self.finished_trials("long.db")), list(range(12)))


if __name__ == "__main__":
    unittest.main()
