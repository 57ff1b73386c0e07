"""Objectives in shared libraries that are no part of the program."""

import json
import os
import pathlib
import unittest

from program_test import ProgramTest

MODULES = pathlib.Path(os.environ["FMNIST_TUNE_MODULES"])
EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "studies/examples/module/branin.json"


class Module(ProgramTest):
    def module_study(self, library="libbranin.so", file="branin.json", settings=None, **changes):
        """The example's study with a library that this build made."""
        content = {**json.loads(EXAMPLE.read_text()), **changes}
        content["objective"] = {"type": "module", "path": str(MODULES / library), **(settings or {})}
        self.path(file).write_text(json.dumps(content))
        return file

    def values(self):
        return [value for (value,) in self.rows("select value from trial_values order by trial_id", db="branin.db")]

    def test_a_module_beside_the_study_file_is_searched(self):
        folder = self.path("mine")
        folder.mkdir()
        (folder / "branin.json").write_text(EXAMPLE.read_text())
        (folder / "libbranin.so").symlink_to(MODULES / "libbranin.so")
        self.succeed("mine/branin.json", "--trials", "40", "--jobs", "2")
        self.assertLess(min(self.values()), 0.5)

    def test_its_settings_and_parameters_are_checked_before_anything_is_written(self):
        study = self.module_study(
            settings={"ofset": 1, "offset": "x"}, objectives=[{"metric": "score", "direction": "minimize"}],
            space={"x": {"type": "float", "low": -6, "high": 10}, "z": {"type": "int", "low": 0, "high": 1}})
        for command in ("run", "plan"):
            messages = self.fail_with(2, command, study, "--trials", "1")
            for part in ('(did you mean "offset"?)', '/objective/offset: expected a number', '/objectives/0/metric',
                         '/space/x/low: expected a number >= -5', '/space/z: expected a parameter of "module"'):
                self.assertIn(part, messages)
        self.assertEqual(self.names(), [study])

    def test_its_settings_reach_it_with_their_defaults(self):
        self.succeed(self.module_study(settings={"offset": 100}), "--trials", "3")
        self.assertGreater(min(self.values()), 100)

    def test_a_library_that_is_none_of_ours_is_told_from_a_broken_one(self):
        self.path("text.so").write_text("no library")
        for library, part in (("absent.so", "is not there; relative paths begin in the folder of the study file"),
                              ("libno_door.so", "it lacks the symbol tune_objective_module"),
                              ("libold_door.so", "was built for version 999 of the module interface"),
                              ("libhalf_door.so", "not a complete objective module"),
                              (self.path("text.so"), "cannot load"), (self.folder, "is not there")):
            messages = self.fail_with(1, self.module_study(library), "--trials", "1")
            self.assertIn(part, messages)
        self.assertFalse(self.path("branin.db").exists())

    def test_a_study_goes_on_and_says_when_the_module_has_changed(self):
        study = self.module_study()
        self.succeed(study, "--trials", "3")
        self.path("copy.so").write_bytes((MODULES / "libbranin.so").read_bytes() + b"\0")
        self.module_study(str(self.path("copy.so")))
        code, _, messages = self.run_program(study, "--trials", "4")
        self.assertEqual(code, 0, messages)
        self.assertIn("module: ", messages)
        self.assertEqual(len(self.values()), 4)
        self.assertIn("objective/offset", self.fail_with(2, self.module_study(settings={"offset": 1}), "--trials", "5"))

    def test_queries_load_nothing_and_what_a_database_names_is_not_trusted(self):
        library = self.path("mine.so")
        library.write_bytes((MODULES / "libbranin.so").read_bytes())
        self.succeed(self.module_study(str(library)), "--trials", "12", "--jobs", "1")
        self.assertIn("--trust", self.fail_with(2, "verify", "branin.db", "--trial", "2"))
        self.assertIn("identical", self.succeed("verify", "branin.db", "--trial", "2", "--trust"))
        self.assertIn("--trust", self.fail_with(2, "confirm", "branin.db"))
        self.assertIn("keeps its models itself", self.fail_with(2, "retrain", "branin.db"))
        library.unlink()
        for command in ("best-trial", "trials", "studies"):
            self.succeed(command, "branin.db")
        self.succeed("explain", "branin.db", "11")
        self.succeed("enqueue", "branin.db", "--params", '{"x": 1}')
        self.assertIn("is not there", self.fail_with(1, "verify", "branin.db", "--trial", "2", "--trust"))

    def test_the_best_are_confirmed_when_the_file_is_trusted(self):
        self.succeed(self.module_study(), "--trials", "6")
        self.succeed("confirm", "branin.db", "--top", "2", "--replicates", "2", "--trust", "--quiet")
        self.assertEqual(self.states("branin.db"), ["COMPLETE"] * 10)


if __name__ == "__main__":
    unittest.main()
