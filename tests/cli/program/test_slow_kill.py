"""kill -9 at many random moments, each time resumed by the same command."""

import random
import time
import unittest

from program_test import ProgramTest

KILLS = 20


class Kill(ProgramTest):
    def test_twenty_kills_lose_change_and_repeat_no_finished_trial(self):
        study = self.study("long", objective={"type": "fmnist", "epochs": 3, "training_examples": 2000,
                                              "validation_examples": 500})
        moments = random.Random(9)
        before = {}
        for kill in range(KILLS):
            with self.subTest(kill=kill):
                process = self.start(study, "--trials", "1000", "--jobs", "2")
                self.wait_for_finished("long.db", len(before) + moments.randrange(3), process)
                time.sleep(moments.uniform(0, 0.3))  # Any moment will do: inside a trial, a call or a commit.
                process.kill()
                process.wait()
                before = self.assert_kept(before)
        n_trials = len(before) + 4
        self.succeed(study, "--trials", n_trials)
        after = self.assert_kept(before)
        self.assertEqual(sorted(after), list(range(n_trials)))
        self.assertEqual(len(self.states("long.db")), n_trials)

    def assert_kept(self, before):
        """Returns the finished trials of now."""
        self.assert_sound("long.db")
        numbers = [number for (number,) in self.rows("select number from trials order by number", db="long.db")]
        self.assertEqual(numbers, list(range(len(numbers))))
        after = self.finished_trials("long.db")
        self.assertEqual({number: after.get(number) for number in before}, before)
        return after


if __name__ == "__main__":
    unittest.main()
