"""Trials trained again from the file alone."""

import json
import shutil
import unittest

import optuna
from program_test import DATA, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Verify(ProgramTest):
    def verify(self, number, *options, db="tiny.db"):
        code, output, messages = self.run_program("verify", db, "--trial", number, "-f", "json", *options)
        self.assertNotEqual(output, "", messages)
        answer = json.loads(output)
        self.assertEqual(code, 0 if answer["verdict"] == "identical" else 1)
        return answer["verdict"], "; ".join(answer["reasons"])

    def test_every_trial_of_a_run_is_identical_complete_and_pruned(self):
        self.succeed(self.study("tiny"), "--trials", "10", "--jobs", "2")
        before = self.digest("tiny.db")
        states = self.states("tiny.db")
        self.assertIn("PRUNED", states)
        self.path("tiny.json").unlink()
        for number in (0, states.index("COMPLETE"), states.index("PRUNED"), 9):
            self.assertEqual(self.verify(number), ("identical", ""))
        self.assertEqual(self.digest("tiny.db"), before)
        self.assertEqual(self.names(), ["tiny.db"])

    def test_a_trial_that_is_not_what_is_stored_is_different(self):
        self.succeed(self.study("tiny"), "--trials", "2", "--jobs", "1")
        shutil.copyfile(self.path("tiny.db"), self.path("whole.db"))
        for statement, text in (
                ("update trial_intermediate_values set intermediate_value = intermediate_value + 1e-9"
                 " where trial_id = 1 and step = 2", "the intermediate value of step 2 is "),
                ("delete from trial_intermediate_values where trial_id = 1 and step = 2",
                 "2 intermediate value(s) were reported, stored are 1"),
                ("update trial_values set value = value + 1e-9 where trial_id = 1", "value 0 is "),
                ("update trial_user_attributes set value_json = replace(value_json, '.', '.0')"
                 " where trial_id = 1 and key = 'curves'", "curve train_accuracy is ")):
            shutil.copyfile(self.path("whole.db"), self.path("tiny.db"))
            self.change(statement)
            verdict, reason = self.verify(0)
            self.assertEqual(verdict, "different")
            self.assertIn(text, reason)
        text = self.run_program("verify", "tiny.db", "--trial", "0")[1]
        self.assertTrue(text.startswith("trial 0: different: curve "), text)

    def test_replicates_and_a_training_seed_are_trained_as_they_were(self):
        self.succeed(self.study("points", training_seed=5), "--trials", "4", "--jobs", "1")
        for number in range(4):
            self.assertEqual(self.verify(number, db="points.db"), ("identical", ""))

    def test_a_trial_that_diverged_diverges_again(self):
        study = self.study("tiny", space={"lr": {"type": "float", "low": 1e5, "high": 1e6}},
                           fixed={"optimizer": "sgd", "depth": 1, "width": 8})
        self.succeed(study, "--trials", "1")
        self.assertEqual(self.states("tiny.db"), ["PRUNED"])
        self.assertEqual(self.verify(0), ("identical", ""))

    def test_time_is_not_compared(self):
        study = self.study("tiny", pruner=None, objectives=[{"metric": "training_seconds", "direction": "minimize"},
                                                            {"metric": "validation_loss", "direction": "minimize"}])
        self.succeed(study, "--trials", "1")
        self.assertEqual(self.verify(0), ("identical", ""))

    def test_a_copied_trial_is_trained_under_its_old_number(self):
        self.succeed(self.study("tiny"), "--trials", "6", "--jobs", "1")
        numbers = sorted(range(6), key=lambda number: self.rows(
            "select param_value from trial_params join trials using (trial_id) where param_name = 'lr' and number = ?",
            number, db="tiny.db"))
        (low,), = self.rows("select param_value from trial_params join trials using (trial_id)"
                            " where param_name = 'lr' and number = ?", numbers[3], db="tiny.db")
        space = json.loads((DATA / "studies_cli" / "tiny.json").read_text())["space"]
        space["lr"]["low"] = low
        answer = json.loads(self.succeed("copy-study", "tiny.db", "--to", "new.db", "--space",
                                         self.study("tiny", file="new.json", name="new", space=space), "-f", "json"))
        self.assertEqual(answer["n_copied"], 3)
        self.assertNotEqual(sorted(numbers[3:]), [0, 1, 2])
        for number in range(3):
            self.assertEqual(self.verify(number, db="new.db"), ("identical", ""))

    def test_a_trial_is_held_against_the_engine_of_its_time(self):
        self.succeed(self.study("tiny"), "--trials", "2", "--jobs", "1")
        settings = json.loads(self.path("tiny.json").read_text())["objective"]
        self.succeed(self.study("tiny", objective=settings | {"engine": "autograd"}), "--trials", "3", "--jobs", "1")
        for number in range(3):
            self.assertEqual(self.verify(number), ("identical", ""))
        self.change("update trials set datetime_complete = '9999-01-01 00:00:00.000000' where number = 1")
        verdict, reason = self.verify(1)
        self.assertEqual(verdict, "not comparable")
        self.assertRegex(reason, "changed while it ran: .*engine")

    def test_another_machine_or_library_is_not_comparable(self):
        self.succeed(self.study("tiny"), "--trials", "1")
        for fact, other in (("kernels", '"OTHER"'), ("torch_version", '"9.9"'), ("data_crc32", '"00000000"'),
                            ("engines", '{"cpu": "gemm (other)"}'), ("engines", '["cpu"]')):
            shutil.copyfile(self.path("tiny.db"), self.path("other.db"))
            self.change(f"update study_system_attributes set value_json = json_set(value_json, '$.{fact}',"
                        f" json('{other}')) where key = 'tune:provenance'", db="other.db")
            verdict, reason = self.verify(0, db="other.db")
            self.assertEqual(verdict, "not comparable")
            self.assertIn({'["cpu"]': "trained with", '{"cpu": "gemm (other)"}': "cpu"}.get(other, fact), reason)

    def test_what_has_no_result_or_no_origin_is_not_comparable(self):
        study = self.study("tiny")
        self.succeed("ask", study)
        self.assertEqual(self.verify(0), ("not comparable", "it is RUNNING: there is no result to compare with"))
        self.succeed("tell", "tiny.db", "--trial", 0, "--values", 0.5)
        self.assertEqual(self.verify(0), ("not comparable", "the study does not say what its trials were trained with"))
        theirs = optuna.create_study(study_name="theirs", storage=f"sqlite:///{self.path('theirs.db')}")
        theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        self.assertIn("keeps no study file", self.fail_with(1, "verify", "theirs.db", "--trial", 0))
        self.assertIn("has no trial 5", self.fail_with(2, "verify", "tiny.db", "--trial", 5))
        self.assertIn("which trial?", self.fail_with(2, "verify", "tiny.db"))

    def with_objective(self, **objective):
        """A finished trial in a file that wants to train with that."""
        self.succeed("ask", self.study("tiny"))
        self.succeed("tell", "tiny.db", "--trial", 0, "--values", 0.5)
        (text,), = self.rows("select value_json from study_system_attributes where key = 'tune:study_file'",
                             db="tiny.db")
        file = json.loads(json.loads(text))
        file["objective"].update(objective)
        self.change("update study_system_attributes set value_json = "
                    f"'{json.dumps(json.dumps(file))}' where key = 'tune:study_file'",
                    "update study_system_attributes set value_json = '{\"engines\": {\"cpu\": \"gemm (oneDNN)\"}}'"
                    " where key = 'tune:provenance'")

    def test_what_a_database_names_is_not_run_unasked(self):
        self.with_objective(type="theirs")
        message = self.fail_with(2, "verify", "tiny.db", "--trial", 0)
        self.assertIn("--trust", message)
        self.assertIn('"theirs"', message)
        # This version has no other objective, trusted or not.
        self.assertNotIn("--trust", self.fail_with(2, "verify", "tiny.db", "--trial", 0, "--trust"))

    def test_a_module_or_a_command_needs_trust(self):
        for key in ("path", "command"):
            with self.subTest(key):
                self.path("tiny.db").unlink(missing_ok=True)
                self.with_objective(**{key: "/tmp/x"})
                self.assertIn("--trust", self.fail_with(2, "verify", "tiny.db", "--trial", 0))

    def test_a_data_set_stays_inside_its_folder(self):
        for name in ("../outside", "/etc", "..", "a/b"):
            with self.subTest(name):
                self.path("tiny.db").unlink(missing_ok=True)
                self.with_objective(dataset=name)
                self.path("data").mkdir(exist_ok=True)
                self.assertIn("name of a folder",
                              self.fail_with(2, "verify", "tiny.db", "--trial", 0, "--data", "data"))


if __name__ == "__main__":
    unittest.main()
