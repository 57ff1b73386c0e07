"""Messages of a run: which, where to, and the same as events for other programs."""

import collections
import fcntl
import json
import os
import pty
import re
import unittest

from program_test import ProgramTest



class Logs(ProgramTest):
    def messages(self, *arguments, study="tiny", code=0, **changes):
        returned, _, messages = self.run_program(self.study(study, **changes), "--trials", "3", "--jobs", "1",
                                                 *arguments)
        self.assertEqual(returned, code, messages)
        return messages

    def on_terminal(self, *arguments, **environment):
        """What a terminal gets of three trials."""
        leader, follower = pty.openpty()
        process = self.start(self.study("tiny"), "--trials", "3", "--jobs", "1", *arguments, stderr=follower,
                             env={**os.environ, "TERM": "xterm", **environment})
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:
            pass  # How Linux says that the other side is closed.
        os.close(leader)
        self.assertEqual(self.finish(process)[0], 0)
        return shown.decode()

    def test_log_file_has_a_line_a_trial_though_the_screen_is_quiet(self):
        self.assertEqual(self.messages("--quiet", "--log-file", "run.log"), "")
        log = self.path("run.log").read_text()
        for number in range(3):
            self.assertRegex(log, rf"(?m)^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z info: trial {number} ")

    def test_log_file_has_what_a_terminal_shows_in_its_status_line_only(self):
        shown = self.on_terminal("--log-file", "run.log")
        self.assertNotRegex(shown, r"info: trial 0 (COMPLETE|PRUNED)")
        self.assertRegex(self.path("run.log").read_text(), r"info: trial 0 (COMPLETE|PRUNED)")

    def test_log_file_grows_and_is_never_overwritten(self):
        self.path("run.log").write_text("before\n")
        self.messages("--log-file", "run.log")
        self.assertTrue(self.path("run.log").read_text().startswith("before\n"))

    def test_log_level_decides_what_is_told(self):
        self.assertRegex(self.messages("--log-level", "debug", "--storage", "a.db"),
                         r"debug: trial 0 begins on cpu, job 0: .*lr=")
        self.assertNotIn("info:", self.messages("--log-level", "warning", "--storage", "b.db"))
        self.assertIn('--log-level: expected debug, info, warning or error, found "loud"',
                      self.fail_with(2, self.study("tiny"), "--log-level", "loud"))

    def test_warnings_have_colour_on_a_terminal_that_wants_it(self):
        def warnings(folder, **environment):
            text = self.on_terminal("--storage", f"{folder}.db", "--events", "/dev/full", **environment)
            return re.findall(r"[^ ]*warning[^ ]*:", text)
        self.assertEqual(warnings("a", NO_COLOR=""), ["\x1b[33mwarning\x1b[0m:"])
        self.assertEqual(warnings("b", NO_COLOR="1"), ["warning:"])
        self.assertEqual(warnings("c", TERM="dumb"), ["warning:"])

    def test_a_log_file_that_gets_full_is_told_once_and_the_run_goes_on(self):
        messages = self.messages("--log-file", "/dev/full")
        self.assertEqual(messages.count("log lines are missing in /dev/full: "), 1)
        self.assertIn("No space left on device", messages)
        self.assertNotIn("[*** LOG ERROR", messages)

    def test_a_log_file_that_cannot_be_is_an_error_before_anything_runs(self):
        for option in ("--log-file", "--events"):
            message = self.fail_with(1, self.study("tiny"), "--trials", "1", option, self.folder)
            self.assertIn(f"{option}: ", message)
            self.assertIn(str(self.folder), message)
        self.assertFalse(self.path("tiny.db").exists())


class Events(ProgramTest):
    def events(self, name="events.jsonl"):
        return [json.loads(line) for line in self.path(name).read_text().splitlines()]

    def test_events_tell_all_that_is_stored_of_a_run(self):
        self.succeed(self.study("tiny"), "--trials", "5", "--jobs", "2", "--events", "events.jsonl")
        events = self.events()
        self.assertEqual((events[0]["event"], events[-1]["event"], events[-1]["end"]), ("run_began", "run_ended", "done"))
        self.assertEqual({event["study"] for event in events}, {"tiny"})
        self.assertEqual([slot["job"] for slot in events[0]["slots"]], [0, 1])
        ended = {event["trial"]: event["state"] for event in events if event["event"] == "trial_ended"}
        self.assertEqual(ended, dict(enumerate(self.states("tiny.db"))))
        reports = collections.Counter((event["trial"], event["step"]) for event in events if event["event"] == "report")
        stored = self.rows("select number, step from trial_intermediate_values join trials using (trial_id)", db="tiny.db")
        self.assertEqual(reports, collections.Counter(stored))
        began = {event["trial"]: event["params"] for event in events if event["event"] == "trial_began"}
        self.assertEqual(sorted(began), list(range(5)))
        self.assertLessEqual({"lr", "optimizer", "depth", "width_l0"}, set(began[0]))

    def test_several_processes_share_a_file_of_events(self):
        file = self.study("tiny")
        processes = [self.start(file, "--trials", "8", "--jobs", "1", "--events", "events.jsonl") for _ in range(2)]
        for process in processes:
            self.assertEqual(self.finish(process)[0], 0)
        ended = sorted(event["trial"] for event in self.events() if event["event"] == "trial_ended")
        self.assertEqual(ended, list(range(8)))
        self.assertEqual(len(self.finished_trials("tiny.db")), 8)

    def test_a_run_goes_on_when_the_reader_of_a_pipe_of_events_is_gone_or_sleeps(self):
        for is_gone, reason in ((True, "Broken pipe"), (False, "its reader does not keep up")):
            reading, writing = os.pipe()
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
            if is_gone:
                os.close(reading)
            db = f"{is_gone}.db"
            process = self.start(self.study("tiny"), "--trials", "30", "--jobs", "1", "--storage", db, "--events",
                                 f"/dev/fd/{writing}", pass_fds=[writing])
            os.close(writing)
            code, _, messages = self.finish(process)
            if not is_gone:
                os.close(reading)
            self.assertEqual(code, 0, messages)
            self.assertEqual(messages.count("events are no longer written"), 1)
            self.assertIn(reason, messages)
            self.assertEqual(len(self.states(db)), 30)

    def test_a_run_goes_on_when_events_can_no_longer_be_written(self):
        code, _, messages = self.run_program(self.study("tiny"), "--trials", "2", "--jobs", "1", "--events", "/dev/full")
        self.assertEqual(code, 0)
        self.assertEqual(messages.count("events are no longer written to /dev/full: No space left on device"), 1)
        self.assertEqual(len(self.states("tiny.db")), 2)


if __name__ == "__main__":
    unittest.main()
