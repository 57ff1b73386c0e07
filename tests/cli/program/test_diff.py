"""Two studies side by side."""

import json
import math
import unittest

import optuna
from program_test import ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)


def make_trial(value, x=0.5, intermediate=None, **options):
    return optuna.trial.create_trial(value=value, params={"x": x},
                                     distributions={"x": optuna.distributions.FloatDistribution(0, 1)},
                                     intermediate_values=intermediate or {}, **options)


class Diff(ProgramTest):
    def store(self, db, trials, name="study", **options):
        study = optuna.create_study(study_name=name, storage=f"sqlite:///{self.path(db)}", **options)
        study.add_trials(trials)

    def compare(self, *arguments):
        code, output, messages = self.run_program("diff", *arguments, "-f", "json")
        answer = json.loads(output)
        self.assertEqual((messages, code), ("", 0 if answer["same_trials"] else 1))
        return answer

    def test_a_study_run_twice_is_the_same_trial_for_trial(self):
        for db in ("a.db", "b.db"):
            self.succeed(self.study("tiny"), "--trials", "6", "--jobs", "1", "--storage", db)
        answer = self.compare("a.db", "b.db")
        self.assertTrue(answer["same_trials"])
        self.assertEqual(answer["settings"], [])
        self.assertIn("the same study, trial for trial", self.succeed("diff", "a.db", "b.db"))

    def test_settings_and_the_first_difference_are_named(self):
        self.succeed(self.study("tiny"), "--trials", "3", "--jobs", "1")
        other = self.study("tiny", file="other.json", name="other",
                           sampler={"type": "random", "seed": 7}, pruner={"type": "nop"})
        self.succeed(other, "--trials", "2", "--jobs", "1", "--storage", "other.db")
        answer = self.compare("tiny.db", "other.db")
        settings = {entry["setting"]: (entry["first"], entry["second"]) for entry in answer["settings"]}
        self.assertEqual(settings["/sampler/type"], ("tpe", "random"))
        self.assertEqual(settings["/sampler/n_startup_trials"], (4, None))
        self.assertEqual(settings["seed"], (42, 7))
        self.assertNotIn("/space/lr/low", settings)
        self.assertRegex(answer["first_difference"], "^trial 0: the parameter .* in the first and .* in the second$")
        self.assertEqual([row["n"] for row in answer["best_so_far"]], [1, 2])

    def test_each_kind_of_difference_is_found(self):
        base = [make_trial(1.0, intermediate={1: 2.0, 2: math.nan}), make_trial(0.5)]
        self.store("a.db", base)
        pruned = optuna.trial.TrialState.PRUNED
        for number, (trials, expected) in enumerate((
                (base, None),
                ([make_trial(1.0, 0.25, {1: 2.0, 2: math.nan}), base[1]],
                 "trial 0: the parameter x is 0.5 in the first and 0.25 in the second"),
                ([make_trial(1.0, intermediate={1: 2.0}), base[1]],
                 "trial 0: the report of step 2 is NaN in the first and none in the second"),
                ([base[0], make_trial(0.5, state=pruned)],
                 "trial 1: the state is COMPLETE in the first and PRUNED in the second"),
                ([base[0], make_trial(0.75)], "trial 1: the value is 0.5 in the first and 0.75 in the second"),
                (base[:1], "trial 1 is in the first only"),
                ([*base, base[0]], "trial 2 is in the second only"))):
            self.store(f"b{number}.db", trials)
            self.assertEqual(self.compare("a.db", f"b{number}.db")["first_difference"], expected)

    def test_best_values_are_those_of_equal_numbers_of_trials(self):
        self.store("a.db", [make_trial(1.0 / (i + 1)) for i in range(12)])
        self.store("b.db", [make_trial(0.2)] * 7)
        answer = self.compare("a.db", "b.db")
        self.assertEqual(answer["best_so_far"], [
            {"n": 1, "first": 1.0, "second": 0.2}, {"n": 2, "first": 0.5, "second": 0.2},
            {"n": 5, "first": 0.2, "second": 0.2}, {"n": 7, "first": 1.0 / 7, "second": 0.2}])
        self.assertEqual((answer["first"]["best_trial"], answer["second"]["n_by_state"]["COMPLETE"]), (11, 7))
        table = self.run_program("diff", "a.db", "b.db")[1]
        self.assertRegex(table, r"best of 7 trial\(s\) +0\.142857 +0\.2")

    def test_studies_of_one_file_and_of_several_objectives_are_compared(self):
        self.store("a.db", [make_trial(1.0)], name="one")
        self.store("a.db", [], name="two <b>\n", directions=["minimize", "maximize"])
        answer = self.compare("a.db", "a.db", "--study", "one", "--other-study", "two <b>\n")
        self.assertEqual(answer["settings"][0]["setting"], "directions")
        self.assertEqual(answer["first_difference"], "the studies have other directions")
        self.assertEqual((answer["best_so_far"], answer["second"]["best_value"]), ([], None))

    def test_studies_of_other_directions_are_never_the_same(self):
        self.store("a.db", [make_trial(1.0)])
        self.store("b.db", [make_trial(1.0)], direction="maximize")
        self.assertEqual(self.compare("a.db", "b.db")["first_difference"], "the studies have other directions")

    def test_what_is_missing_is_said(self):
        self.store("a.db", [])
        self.assertIn("which two storages?", self.fail_with(2, "diff", "a.db"))
        self.assertIn("unexpected argument", self.fail_with(2, "diff", "a.db", "a.db", "a.db"))
        self.assertIn("there is no study \"x\"", self.fail_with(2, "diff", "a.db", "a.db", "--other-study", "x"))
        self.assertTrue(self.compare("a.db", "a.db")["same_trials"])


if __name__ == "__main__":
    unittest.main()
