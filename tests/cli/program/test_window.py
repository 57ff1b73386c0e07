"""Studies with a reproducible window: the same study for any number of jobs and processes, killed or not."""

import json
import signal
import unittest

from program_test import ProgramTest

N_TRIALS = 14
# Trials of a tenth of a second.
OBJECTIVE = {"type": "fmnist", "epochs": 5, "training_examples": 2000, "validation_examples": 500}


class Window(ProgramTest):
    def windowed(self, **changes):
        """A conditional space and a pruner."""
        return self.study("tiny", **{"reproducible": {"window": 4}, "objective": OBJECTIVE, **changes})

    def reference(self):
        """What one job makes of the study, in whole.db."""
        study = self.windowed()
        self.succeed(study, "--trials", N_TRIALS, "--jobs", "1", "--storage", "whole.db")
        self.assertEqual(sorted(set(self.states("whole.db"))), ["COMPLETE", "PRUNED"])
        return study

    def assert_equals_reference(self, db):
        self.assertEqual(self.states(db), self.states("whole.db"))
        self.assertEqual(self.results(db), self.results("whole.db"))
        self.assertEqual(self.curves(db), self.curves("whole.db"))
        self.assert_sound(db)

    def curves(self, db):
        return self.rows("select number, value_json from trials join trial_user_attributes using (trial_id)"
                         " where key = 'curves' order by number", db=db)

    def test_any_number_of_jobs_gives_the_same_study(self):
        study = self.reference()
        for jobs in (2, 4, 6):
            self.succeed(study, "--trials", N_TRIALS, "--jobs", jobs, "--storage", f"{jobs}.db")
            self.assert_equals_reference(f"{jobs}.db")

    def test_two_processes_at_once_give_the_same_study(self):
        study = self.reference()
        processes = [self.start(study, "--trials", N_TRIALS, "--jobs", "2") for _ in range(2)]
        for process in processes:
            code, _, messages = self.finish(process)
            self.assertEqual(code, 0, messages)
        self.assert_equals_reference("tiny.db")

    def test_killed_and_resumed_it_is_the_same_study(self):
        study = self.reference()
        for sent, count in ((signal.SIGKILL, 3), (signal.SIGINT, 7)):
            process = self.start(study, "--trials", N_TRIALS, "--jobs", "3")
            self.wait_for_finished("tiny.db", count, process)
            process.send_signal(sent)
            self.finish(process)
            self.assertLess(len(self.finished_trials("tiny.db")), N_TRIALS)
        self.succeed(study, "--trials", N_TRIALS, "--jobs", "2")
        self.assert_equals_reference("tiny.db")

    def test_every_suggestion_can_be_explained_from_what_the_window_let_it_see(self):
        self.succeed(self.windowed(), "--trials", 10, "--jobs", "4")
        for number in range(10):
            answer = json.loads(self.succeed("explain", "tiny.db", number, "-f", "json"))
            self.assertEqual((answer["number"], answer["origin"], answer["confirmed"]), (number, "suggested", True))
            seen = answer["seen"]
            self.assertEqual(seen["complete"] + seen["pruned"], max(0, number - 3))
            self.assertEqual(seen["running"], min(number, 3))

    def test_a_window_is_refused_where_time_decides(self):
        timed = [{"metric": "validation_accuracy", "direction": "maximize"},
                 {"metric": "training_seconds", "direction": "minimize"}]
        for changes, expected in (({"objectives": timed, "pruner": None}, "training_seconds may be another number each time"),
                                  ({"limits": {"max_trial_seconds": 1}}, "max_trial_seconds strikes")):
            message = self.fail_with(2, self.windowed(**changes), "--trials", "1")
            self.assertIn("/reproducible/window: expected no window: ", message)
            self.assertIn(expected, message)
        self.path("program.json").write_text(json.dumps({
            "name": "program", "objectives": [{"metric": "loss", "direction": "minimize"}], "pruner": {"type": "nop"},
            "objective": {"type": "command", "command": ["true", "{x}"], "timeout_seconds": 1},
            "space": {"x": {"type": "float", "low": 0, "high": 1}}, "reproducible": {"window": 2}}))
        self.assertIn("timeout_seconds strikes", self.fail_with(2, "program.json", "--trials", "1"))
        self.assertEqual(self.names(), ["program.json", "tiny.json"])

    def test_a_window_without_a_trial_is_refused(self):
        message = self.fail_with(2, self.windowed(reproducible={"window": 0}), "--trials", "1")
        self.assertIn("/reproducible/window: expected an integer of at least 1, found 0", message)

    def test_another_window_or_none_is_refused_on_resume(self):
        self.succeed(self.windowed(), "--trials", "3")
        before = self.digest("tiny.db")
        for reproducible, found in (({"reproducible": {"window": 5}}, "5"), ({}, "none")):
            study = self.study("tiny", objective=OBJECTIVE, **reproducible)
            message = self.fail_with(2, study, "--trials", "6")
            self.assertIn(f"reproducible/window: 4 is now {found}", message)
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_study_without_a_window_gets_none_on_resume(self):
        self.succeed(self.study("tiny"), "--trials", "2")
        message = self.fail_with(2, self.study("tiny", reproducible={"window": 4}), "--trials", "4")
        self.assertIn("reproducible/window: none is now 4", message)


if __name__ == "__main__":
    unittest.main()
