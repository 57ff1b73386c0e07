"""A study as other programs want it: whole, and as curves."""

import csv
import io
import json
import math
import shutil
import unittest

import optuna
from program_test import DATA, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)
ODD = "<script>\n\"quoted\", ünï 名"


def strict(value):
    """A number as JSON has it here."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


class Export(ProgramTest):
    def setUp(self):
        super().setUp()
        for name in ("single.db", "conditional.db", "multi.db"):
            shutil.copyfile(DATA / "db" / name, self.path(name))

    def odd_study(self):
        study = optuna.create_study(study_name="odd", storage=f"sqlite:///{self.path('odd.db')}")
        for number, values in enumerate(((0.5, math.nan, math.inf), (0.25,))):
            trial = study.ask()
            trial.suggest_categorical(ODD, [ODD, None])
            trial.set_user_attr(ODD, [1, "two", None])
            trial.set_user_attr("curves", {"loss": [1.0, math.nan], "not a list": 3} if number else "not an object")
            for step, value in enumerate(values):
                trial.report(value, 3 * step)
            study.tell(trial, 1.0 - number)
        return study

    def exported(self, *arguments):
        return json.loads(self.succeed("export", *arguments, "-f", "json"), parse_constant=self.fail)

    def test_json_has_everything_that_optuna_reads(self):
        for name in ("single.db", "conditional.db", "multi.db"):
            storage = f"sqlite:///{self.path(name)}"
            for summary in optuna.get_all_study_summaries(storage):
                study = optuna.load_study(study_name=summary.study_name, storage=storage)
                ours = self.exported(name, "--study", study.study_name)
                self.assertEqual(ours["study"]["directions"], [direction.name for direction in study.directions])
                self.assertEqual(len(ours["trials"]), len(study.trials))
                for exported, trial in zip(ours["trials"], study.trials):
                    self.check_trial(exported, trial, len(study.directions))

    def check_trial(self, ours, trial, n_objectives):
        values = [strict(value) for value in trial.values or []]
        self.assertEqual(ours["values"] if n_objectives > 1 else [ours["value"]] if values else [], values)
        self.assertEqual((ours["number"], ours["state"]), (trial.number, trial.state.name))
        self.assertEqual(ours["params"], {name: strict(value) for name, value in trial.params.items()})
        self.assertEqual(ours["intermediate_values"],
                         {str(step): strict(value) for step, value in trial.intermediate_values.items()})
        self.assertEqual(set(ours["user_attrs"]), set(trial.user_attrs))
        self.assertLessEqual(set(trial.system_attrs), set(ours["system_attrs"]))
        for name, distribution in trial.distributions.items():
            theirs = json.loads(optuna.distributions.distribution_to_json(distribution))
            self.assertEqual(ours["distributions"][name]["name"], theirs["name"])

    def test_csv_keeps_odd_names_and_values(self):
        self.odd_study()
        rows = list(csv.DictReader(io.StringIO(self.succeed("export", "odd.db", "-f", "csv"), newline="")))
        self.assertEqual([row["number"] for row in rows], ["0", "1"])
        self.assertIn(rows[0]["params_" + ODD], (ODD, "null"))
        self.assertEqual(json.loads(rows[0]["user_attrs_" + ODD]), [1, "two", None])
        self.assertEqual(json.loads(rows[0]["intermediate_values"]), {"0": 0.5, "3": "NaN", "6": "Infinity"})

    def test_a_file_is_written_once_and_in_the_format_of_its_name(self):
        self.odd_study()
        self.assertEqual(self.succeed("export", "odd.db", "-o", "odd.csv"), "")
        self.assertTrue(self.path("odd.csv").read_text().startswith("number,state,value,"))
        before = self.digest("odd.csv")
        self.assertIn("is there already", self.fail_with(2, "export", "odd.db", "-o", "odd.csv"))
        self.assertEqual(self.digest("odd.csv"), before)
        self.succeed("export", "odd.db", "-o", "odd.csv", "--force", "-f", "json")
        self.assertEqual(len(json.loads(self.path("odd.csv").read_text())["trials"]), 2)
        self.assertIn("expected json or csv", self.fail_with(2, "export", "odd.db", "-f", "table"))

    def test_a_study_without_trials_is_exported_as_such(self):
        optuna.create_study(study_name="empty", storage=f"sqlite:///{self.path('empty.db')}")
        self.assertEqual(self.exported("empty.db")["trials"], [])
        self.assertEqual(len(self.succeed("export", "empty.db", "-f", "csv").splitlines()), 1)

    def test_curves_have_a_row_a_step_of_what_was_reported_and_kept(self):
        self.odd_study()
        points = json.loads(self.succeed("curves", "odd.db", "--all", "-f", "json"), parse_constant=self.fail)
        self.assertEqual(points, [
            {"trial": 0, "step": 0, "value": 0.5, "loss": None},
            {"trial": 0, "step": 3, "value": "NaN", "loss": None},
            {"trial": 0, "step": 6, "value": "Infinity", "loss": None},
            {"trial": 1, "step": 0, "value": 0.25, "loss": None},
            {"trial": 1, "step": 1, "value": None, "loss": 1.0},
            {"trial": 1, "step": 2, "value": None, "loss": "NaN"}])
        rows = list(csv.DictReader(io.StringIO(self.succeed("curves", "odd.db", "--trials", "1,0", "-f", "csv"))))
        self.assertEqual([(row["trial"], row["step"]) for row in rows],
                         [("1", "0"), ("1", "1"), ("1", "2"), ("0", "0"), ("0", "3"), ("0", "6")])
        self.assertEqual(self.succeed("curves", "odd.db", "--top", "1").split()[8], "1")

    def test_a_curve_named_as_a_column_gets_another_name(self):
        study = optuna.create_study(study_name="odd", storage=f"sqlite:///{self.path('odd.db')}")
        trial = study.ask()
        trial.report(0.5, 1)
        trial.set_user_attr("curves", {"value": [9.0], "trial": [7.0]})
        study.tell(trial, 0.5)
        (point,) = json.loads(self.succeed("curves", "odd.db", "-f", "json"))
        self.assertEqual(point, {"trial": 0, "step": 1, "value": 0.5, "curves_trial": 7.0, "curves_value": 9.0})

    def test_curves_say_which_trials_there_are(self):
        self.odd_study()
        self.assertIn("it has 0 to 1", self.fail_with(2, "curves", "odd.db", "--trials", "0,2"))
        self.assertIn("give one of", self.fail_with(2, "curves", "odd.db", "--all", "--top", "3"))
        self.assertIn("expected a whole number", self.fail_with(2, "curves", "odd.db", "--trials", "x"))
        optuna.create_study(study_name="empty", storage=f"sqlite:///{self.path('empty.db')}")
        self.assertIn("no COMPLETE feasible trial", self.fail_with(1, "curves", "empty.db"))
        self.assertIn("has no trial yet", self.fail_with(1, "curves", "empty.db", "--all"))


if __name__ == "__main__":
    unittest.main()
