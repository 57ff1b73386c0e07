"""Studies copied between storages, and under a search space that changed."""

import csv
import io
import json
import math
import shutil
import sqlite3
import unittest

import optuna
from program_test import DATA, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)


class CopyStudy(ProgramTest):
    def load(self, study, db):
        return optuna.load_study(study_name=study, storage=f"sqlite:///{self.path(db)}")

    @staticmethod
    def system_attrs(study):
        return study._storage.get_study_system_attrs(study._study_id)

    @staticmethod
    def content(study):
        return [(trial.number, trial.state, trial.values, trial.params, trial.distributions, trial.intermediate_values,
                 trial.user_attrs, trial.system_attrs, trial.datetime_start, trial.datetime_complete)
                for trial in study.trials]

    def test_every_study_of_optuna_is_copied_whole(self):
        for source in sorted((DATA / "db").glob("*.db")):
            shutil.copyfile(source, self.path(source.name))
            before = self.digest(source.name)
            for name in optuna.get_all_study_names(f"sqlite:///{self.path(source.name)}"):
                with self.subTest(source.name, study=name):
                    self.succeed("copy-study", source.name, "--study", name, "--to", "copy.db", "--name", f"copy of {name}")
                    original, copy = self.load(name, source.name), self.load(f"copy of {name}", "copy.db")
                    self.assertEqual((original.directions, original.user_attrs, self.system_attrs(original)),
                                     (copy.directions, copy.user_attrs, self.system_attrs(copy)))
                    self.compare(original, copy)
            self.assertEqual(self.digest(source.name), before)
        self.assert_sound("copy.db")
        self.succeed("check", "copy.db")

    def compare(self, original, copy):
        self.assertEqual(len(original.trials), len(copy.trials))
        for old, new in zip(self.content(original), self.content(copy)):
            if old[1] != optuna.trial.TrialState.RUNNING:
                self.assertEqual(str(old), str(new))
                continue
            self.assertEqual(new[:3] + new[5:6], (old[0], optuna.trial.TrialState.WAITING, None, {}))
            self.assertEqual(new[7]["fixed_params"], old[3])

    def test_source_and_destination_may_be_one_file(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("single.db"))
        text = self.succeed("copy-study", "single.db", "--study", "single-min", "--to", "single.db", "--name", "again")
        self.assertEqual(text, 'study "again" in single.db has 31 of 31 trial(s)\n')
        self.compare(self.load("single-min", "single.db"), self.load("again", "single.db"))

    def test_a_name_that_is_taken_is_refused(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("single.db"))
        before = self.digest("single.db")
        self.assertIn('"single-min"', self.fail_with(1, "copy-study", "single.db", "--study", "single-min", "--to",
                                                     "single.db"))
        self.assertEqual(self.digest("single.db"), before)
        self.assertIn("--to", self.fail_with(2, "copy-study", "single.db", "--study", "single-min"))

    def begin(self, study, values, **options):
        """A study of ours with a trial a value, told from outside."""
        for value in values:
            number = json.loads(self.succeed("ask", study))["number"]
            self.succeed("tell", study, "--trial", number, "--intermediate", f"1={value}", "--values", value)

    def space(self, **changes):
        space = json.loads((DATA / "studies_cli" / "tiny.json").read_text())["space"]
        for name, change in changes.items():
            space[name] = {**space[name], **change} if change is not None else None
        return {name: entry for name, entry in space.items() if entry is not None}

    def copy_to_space(self, file, to="new.db"):
        return json.loads(self.succeed("copy-study", "tiny.db", "--to", to, "--space", file, "-f", "json"))

    def test_a_renamed_copy_goes_on_under_its_name(self):
        self.begin(self.study("tiny"), [0.5, 0.6])
        self.succeed("copy-study", "tiny.db", "--to", "tiny.db", "--name", "second")
        file = self.study("tiny", file="second.json", name="second", storage="tiny.db")
        self.assertEqual(json.loads(self.succeed("ask", file))["number"], 2)
        self.assertEqual(json.loads(self.succeed("ask", "tiny.db", "--study", "second"))["number"], 3)

    def test_grown_and_reordered_choices_keep_every_trial(self):
        self.begin(self.study("tiny"), [0.5, 0.6, 0.7, 0.8, 0.9])
        file = self.study("tiny", file="new.json", name="new",
                          space=self.space(optimizer={"choices": ["rmsprop", "adam", "sgd"]}))
        answer = self.copy_to_space(file)
        self.assertEqual((answer["n_copied"], answer["left_out"], answer["study"]), (5, [], "new"))
        old, new = self.load("tiny", "tiny.db"), self.load("new", "new.db")
        for before, after in zip(old.trials, new.trials):
            self.assertEqual((before.params, before.values, before.intermediate_values, before.datetime_start),
                             (after.params, after.values, after.intermediate_values, after.datetime_start))
            self.assertEqual(after.distributions["optimizer"].choices, ("rmsprop", "adam", "sgd"))
            self.assertEqual(after.system_attrs["tune:copied_from"], {"number": before.number, "seed": 42})
            self.assertNotIn("tune:suggestion", after.system_attrs)
        # The study file goes on with it, and keeps the seed.
        self.assertEqual(json.loads(self.succeed("ask", file))["number"], 5)
        self.assertEqual(self.system_attrs(new)["tune:seed"], 42)

    def test_trials_outside_the_new_space_are_listed_and_left_out(self):
        self.begin(self.study("tiny"), [0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
        old = self.load("tiny", "tiny.db").trials
        middle = sorted(trial.params["lr"] for trial in old)[3]
        file = self.study("tiny", file="new.json", name="new", space=self.space(lr={"low": middle, "high": 0.2}))
        answer = self.copy_to_space(file)
        outside = [trial.number for trial in old if trial.params["lr"] < middle]
        self.assertEqual([one["number"] for one in answer["left_out"]], outside)
        self.assertIn("lr = ", answer["left_out"][0]["reason"])
        new = self.load("new", "new.db").trials
        self.assertEqual([trial.number for trial in new], list(range(3)))
        self.assertEqual([trial.system_attrs["tune:copied_from"]["number"] for trial in new],
                         [trial.number for trial in old if trial.number not in outside])
        text = self.succeed("copy-study", "tiny.db", "--to", "text.db", "--space", file)
        self.assertEqual(text.splitlines()[-1], 'study "new" in text.db has 3 of 6 trial(s)')
        self.assertIn(f"left out trial {outside[0]}: lr = ", text)
        rows = csv.DictReader(io.StringIO(self.succeed("copy-study", "tiny.db", "--to", "csv.db", "--space", file,
                                                       "-f", "csv")))
        self.assertEqual([int(row["number"]) for row in rows], outside)

    def test_a_renumbered_copy_draws_nothing_again(self):
        random = {"type": "random", "seed": 42}
        file = self.study("tiny", sampler=random)
        self.begin(file, [0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
        old = [trial.params["lr"] for trial in self.load("tiny", "tiny.db").trials]
        lr = self.space()["lr"]
        beyond = {"low": sorted(old)[1]}
        new = self.study("tiny", file="new.json", name="new", space=self.space(lr=beyond), sampler=random)
        self.assertEqual(self.copy_to_space(new)["n_copied"], 5)

        def place(value, low):
            """Where in its range, 0 to 1: what the random stream drew."""
            return math.log(value / low) / math.log(lr["high"] / low)

        # Under the old seed the copy's trial 5 would be drawn as the old one was.
        drawn = [place(value, lr["low"]) for value in old]
        for _ in range(6):
            asked = json.loads(self.succeed("ask", new))
            self.assertFalse(any(abs(place(asked["params"]["lr"], beyond["low"]) - u) < 1e-6 for u in drawn))
        copy = self.load("new", "new.db")
        seed = self.system_attrs(copy)["tune:seed"]
        self.assertNotEqual(seed, 42)
        self.assertLess(seed, 2**53)
        # A copy of the copy still says where its trials come from, and is made the same each time.
        again = self.study("tiny", file="again.json", name="again", space=self.space(lr=beyond), sampler=random)
        self.copy_to_space(again, to="again.db")
        self.assertEqual(self.system_attrs(self.load("again", "again.db"))["tune:seed"], seed)
        third = self.study("tiny", file="third.json", name="third", space=self.space(lr=beyond), sampler=random)
        self.succeed("copy-study", "again.db", "--to", "third.db", "--space", third)
        self.assertEqual([trial.system_attrs["tune:copied_from"] for trial in self.load("third", "third.db").trials],
                         [trial.system_attrs["tune:copied_from"] for trial in self.load("again", "again.db").trials])

    def test_a_damaged_study_file_in_the_storage_is_named(self):
        self.begin(self.study("tiny"), [0.5])
        connection = sqlite3.connect(self.path("tiny.db"))
        connection.execute("update study_system_attributes set value_json = '\"{broken\"' where key = 'tune:study_file'")
        connection.commit()
        connection.close()
        message = self.fail_with(1, "copy-study", "tiny.db", "--to", "new.db", "--name", "new")
        self.assertIn("the study file kept with study \"tiny\" is damaged (system attribute tune:study_file)", message)
        self.assertNotIn("json.exception", message)
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])
        self.succeed("copy-study", "tiny.db", "--to", "new.db")
        message = self.fail_with(2, "verify", "tiny.db", "--trial", 0)
        self.assertNotIn("json.exception", message)
        self.assertNotIn("--trust", message)
        self.assertIn("study \"tiny\" keeps a study file that cannot be read (system attribute tune:study_file); restore", message)
        self.assertIn("the study file kept in the storage:1:2: expected valid JSON", message)

    def test_a_study_file_in_the_storage_without_an_objective_asks_for_no_trust(self):
        self.begin(self.study("tiny"), [0.5])
        connection = sqlite3.connect(self.path("tiny.db"))
        connection.execute("update study_system_attributes set value_json = '\"{}\"' where key = 'tune:study_file'")
        connection.commit()
        connection.close()
        message = self.fail_with(2, "verify", "tiny.db", "--trial", 0)
        self.assertNotIn("--trust", message)
        self.assertIn("expected \"objective\"", message)

    def test_an_attribute_that_is_no_json_is_named_with_its_study(self):
        self.begin(self.study("tiny"), [0.5])
        connection = sqlite3.connect(self.path("tiny.db"))
        for key in ("tune:study_file", "tune:provenance"):
            connection.execute("update study_system_attributes set value_json = '{' where key = ?", (key,))
            connection.commit()
            for arguments in (("copy-study", "tiny.db", "--to", "new.db"), ("verify", "tiny.db", "--trial", 0)):
                message = self.fail_with(1, *arguments)
                self.assertIn(f"study \"tiny\": attribute \"{key}\" is not JSON; restore", message)
                self.assertIn("check --repair", message)
            connection.execute("update study_system_attributes set value_json = '{}' where key = ?", (key,))
        connection.commit()
        connection.close()

    def test_log_and_type_may_change(self):
        self.begin(self.study("tiny"), [0.5, 0.6, 0.7])
        file = self.study("tiny", file="new.json", name="new",
                          space=self.space(lr={"log": False}, depth={"type": "categorical", "choices": [2, 1], "low": None}))
        space = json.loads(self.path(file).read_text())
        space["space"]["depth"] = {"type": "categorical", "choices": [2, 1, 3]}
        space["space"]["width"].pop("repeat")
        space["space"]["width_l0"] = space["space"].pop("width")
        self.path(file).write_text(json.dumps(space))
        answer = self.copy_to_space(file)
        old = self.load("tiny", "tiny.db").trials
        kept = [trial.params for trial in old if trial.params["depth"] == 1]
        self.assertEqual([trial.params for trial in self.load("new", "new.db").trials], kept)
        self.assertTrue(all("width_l1" in one["reason"] for one in answer["left_out"]))
        self.assertFalse(self.load("new", "new.db").trials[0].distributions["lr"].log)

    def test_trials_with_too_few_or_too_many_parameters_are_left_out(self):
        self.begin(self.study("tiny"), [0.5, 0.6])
        more = self.space()
        more["batch_size"] = {"type": "categorical", "choices": [32, 64]}
        answer = self.copy_to_space(self.study("tiny", file="more.json", name="more", space=more))
        self.assertEqual([one["reason"] for one in answer["left_out"]], ["it has no batch_size"] * 2)
        answer = self.copy_to_space(self.study("tiny", file="less.json", name="less", space=self.space(lr=None)))
        self.assertEqual([one["reason"] for one in answer["left_out"]], ["lr is not searched any more"] * 2)

    def test_waiting_trials_wait_on_with_what_they_must_take(self):
        self.succeed("enqueue", self.study("tiny"), "--params", '[{"lr": 0.01}, {"lr": 0.0002}, {}]')
        file = self.study("tiny", file="new.json", name="new", space=self.space(lr={"low": 0.001}))
        answer = self.copy_to_space(file)
        self.assertEqual([one["number"] for one in answer["left_out"]], [1])
        self.assertEqual([(trial.state.name, trial.system_attrs["fixed_params"])
                          for trial in self.load("new", "new.db").trials],
                         [("WAITING", {"lr": 0.01}), ("WAITING", {})])

    def test_another_objective_is_no_other_space(self):
        self.begin(self.study("tiny"), [0.5])
        for changes, text in (({"objective": {"type": "fmnist", "epochs": 9}}, "objective/epochs"),
                              ({"objectives": [{"metric": "validation_loss", "direction": "minimize"}]}, "objectives"),
                              ({"fixed": {"batch_size": 64}}, "fixed/batch_size")):
            file = self.study("tiny", file="new.json", name="new", **changes)
            self.assertIn(text, self.fail_with(2, "copy-study", "tiny.db", "--to", "new.db", "--space", file))
        self.assertIn("--name", self.fail_with(2, "copy-study", "tiny.db", "--to", "new.db", "--space", file,
                                               "--name", "x"))
        self.assertNotIn("new.db", self.names())

    def test_a_refused_resume_names_the_command(self):
        self.begin(self.study("tiny"), [0.5])
        file = self.study("tiny", space=self.space(optimizer={"choices": ["sgd", "adam", "rmsprop"]}))
        self.assertIn("copy-study", self.fail_with(2, file, "--trials", "3"))


if __name__ == "__main__":
    unittest.main()
