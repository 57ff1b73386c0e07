"""Ctrl-C, kill -9 and several processes: no finished trial is lost, changed or repeated."""

import os
import signal
import sqlite3
import time
import unittest

from program_test import LIMIT_SECONDS, ProgramTest


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

    def lock(self, db):
        """Keeps everybody from writing, so that no run can put its trials back and end in order."""
        connection = sqlite3.connect(self.path(db), timeout=60, isolation_level=None)
        self.addCleanup(connection.close)
        connection.execute("begin immediate")
        return connection

    def wait_for_message(self, file, text, process):
        deadline = time.monotonic() + LIMIT_SECONDS
        while text not in self.path(file).read_text():
            self.assertIsNone(process.poll(), self.path(file).read_text())
            self.assertLess(time.monotonic(), deadline, f"no message {text!r}")
            time.sleep(0.01)

    def test_a_second_signal_ends_at_once_and_loses_no_finished_trial(self):
        with open(self.path("messages"), "w", encoding="utf-8") as messages:
            process = self.start(self.study("long"), "--trials", "16", stderr=messages)
        self.wait_for_finished("long.db", 2, process)
        lock = self.lock("long.db")
        process.send_signal(signal.SIGINT)
        self.wait_for_message("messages", "stopping", process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT_SECONDS), 143)
        lock.close()
        self.assertIn("ended at once; finished trials are saved; resume with: ", self.path("messages").read_text())
        self.resume_to(6, self.finished_trials("long.db"))

    def full_pipe(self):
        """Its reading and its writing end; nothing more goes in."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"." * 512)
        except BlockingIOError:
            os.set_blocking(writer, True)
        return reader, writer

    def start_unread(self, *arguments):
        """Starts a run whose messages nobody reads."""
        _, writer = self.full_pipe()
        process = self.start(*arguments, stderr=writer, stdout=writer)
        os.close(writer)
        return process

    def test_a_run_goes_on_and_can_be_interrupted_when_nobody_reads_its_messages(self):
        for sent, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            study = self.study("long", name=f"unread-{expected}")
            process = self.start_unread(study, "--trials", "100", "--storage", f"{expected}.db")
            self.wait_for_finished(f"{expected}.db", 3, process)
            process.send_signal(sent)
            self.assertEqual(process.wait(LIMIT_SECONDS), expected)
            self.assertNotIn("RUNNING", self.states(f"{expected}.db"))

    def test_a_second_signal_ends_at_once_when_nobody_reads_its_messages(self):
        process = self.start_unread(self.study("long"), "--trials", "100")
        self.wait_for_finished("long.db", 1, process)
        lock = self.lock("long.db")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        self.assertIn(process.wait(LIMIT_SECONDS), (130, 143))
        lock.close()

    def test_a_closed_terminal_saves_as_sigterm_does(self):
        code, _, messages = self.interrupt(signal.SIGHUP, "--trials", "16")
        self.assertEqual(code, 129, messages)
        self.assertNotIn("RUNNING", self.states("long.db"))

    def test_under_nohup_a_closed_terminal_ends_nothing(self):
        process = self.start(self.study("long"), "--trials", "6",
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_finished("long.db", 1, process)
        process.send_signal(signal.SIGHUP)
        code, _, messages = self.finish(process)
        self.assertEqual(code, 0, messages)

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
