"""What a run says of its study when it ends."""

import unittest

from program_test import ProgramTest


class Advice(ProgramTest):
    def advice(self, messages):
        return [line for line in messages.splitlines() if line.startswith("fmnist-tune: advice: ")]

    def test_a_run_ends_with_what_its_trials_teach(self):
        study = self.study("tiny", pruner={"type": "nop"}, sampler={"type": "random", "seed": 1})
        code, output, messages = self.run_program(study, "--trials", "12")
        self.assertEqual(code, 0, messages)
        advice = self.advice(messages)
        self.assertIn("binomial error of 500 validation examples", " ".join(advice))
        self.assertRegex(" ".join(advice), r"fmnist-tune confirm tiny\.db --top \d+ compares them")
        self.assertLessEqual(len(advice), 3)
        self.assertNotIn("advice", output)

    def test_a_quiet_run_and_one_that_finds_nothing_to_do_give_none(self):
        study = self.study("tiny", pruner={"type": "nop"})
        code, _, messages = self.run_program(study, "--trials", "11", "--quiet")
        self.assertEqual((code, self.advice(messages)), (0, []))
        code, _, messages = self.run_program(study, "--trials", "11")
        self.assertEqual((code, self.advice(messages)), (0, []))


if __name__ == "__main__":
    unittest.main()
