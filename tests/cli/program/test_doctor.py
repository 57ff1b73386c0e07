"""What the program says of the machine it is on."""

import csv
import io
import json
import os
import unittest

from program_test import ProgramTest


class Doctor(ProgramTest):
    def parts(self, *arguments, code=0, **environment):
        returned, output, messages = self.run_program("doctor", *arguments, "-f", "json",
                                                      env={**os.environ, **environment})
        self.assertEqual(returned, code, messages)
        return {entry["part"]: entry for entry in json.loads(output)}

    def test_finds_all_that_a_study_needs(self):
        parts = self.parts()
        self.assertLessEqual({"program", "processor", "memory", "LibTorch", "BLAS", "devices", "data set", "speed", "folder",
                              "disk"}, set(parts))
        self.assertNotIn("problem", [entry["verdict"] for entry in parts.values()])
        self.assertRegex(parts["speed"]["found"], r"an epoch of the default network takes [0-9.]+ s on cpu")
        self.assertRegex(parts["LibTorch"]["found"], r"^\d+\.\d+")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_names_the_data_set_that_is_missing(self):
        self.path("empty").mkdir()
        training = self.parts("--data", "empty", code=1)["training"]
        self.assertEqual(training["verdict"], "problem")
        self.assertIn("empty", training["found"])

    def test_tells_of_presets_that_slow_other_programs_down(self):
        self.assertIn("OMP_NUM_THREADS=7", self.parts(OMP_NUM_THREADS="7")["environment"]["found"])

    def test_checks_a_storage_and_its_folder(self):
        self.succeed(self.study("tiny"), "--trials", "1")
        self.assertEqual(self.parts("tiny.db")["storage"]["verdict"], "ok")
        self.path("torn.db").write_bytes(self.path("tiny.db").read_bytes()[:5000])
        self.assertEqual(self.parts("torn.db", code=1)["storage"]["verdict"], "problem")
        missing = self.parts("no where/tiny.db", code=1)["folder"]
        self.assertEqual((missing["verdict"], missing["advice"]), ("problem", "run: mkdir -p 'no where'"))

    def test_speaks_to_people_and_to_programs(self):
        self.assertRegex(self.succeed("doctor"), r"(?m)^ok +processor +.+; \d+ core")
        rows = list(csv.DictReader(io.StringIO(self.succeed("doctor", "-f", "csv"))))
        self.assertEqual(list(rows[0]), ["part", "verdict", "found", "what to do"])


if __name__ == "__main__":
    unittest.main()
