"""Study files that the program writes for a data set."""

import json
import struct
import unittest

from program_test import ProgramTest


class Init(ProgramTest):
    def data_set(self, name, count, n_classes, side=8):
        folder = self.path(name)
        folder.mkdir(parents=True)
        pixels = bytes((7 * i) % 256 for i in range(count * side * side))
        labels = bytes(i % n_classes for i in range(count))
        (folder / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, side, side) + pixels)
        (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels)

    def test_writes_a_study_of_the_usual_data_set_that_runs(self):
        output = self.succeed("init", "mine.json")
        self.assertIn("fmnist-tune mine.json --trials 100", output)
        study = json.loads(self.path("mine.json").read_text())
        self.assertIn("60000 examples of 28 x 28 pixels in 10 classes", study["$comment"])
        self.assertEqual((study["name"], study["objective"]["validation_examples"]), ("mine", 10000))
        study["objective"].update(epochs=1, training_examples=1000, validation_examples=500)
        self.path("mine.json").write_text(json.dumps(study))
        self.succeed("mine.json", "--trials", "2", "--jobs", "1")
        self.assertEqual(len(self.states("mine.db")), 2)

    def test_fits_the_study_to_a_small_data_set_of_ones_own(self):
        self.data_set("data/letters", 900, 26)
        output = self.succeed("init", "letters.json", "--dataset", "letters", "--data", "data")
        study = json.loads(self.path("letters.json").read_text())
        self.assertIn("900 examples of 8 x 8 pixels in 26 classes", study["$comment"])
        self.assertEqual((study["objective"]["classes"], study["objective"]["validation_examples"]), (26, 150))
        self.assertEqual(study["space"]["batch_size"]["choices"], [64])
        self.assertIn("fmnist-tune letters.json --trials 100 --data data\n", output)
        self.succeed("letters.json", "--trials", "2", "--data", "data", "--jobs", "1")
        self.assertNotIn("FAIL", self.states("letters.db"))

    def test_comments_may_change_without_changing_the_study(self):
        self.data_set("data/letters", 900, 3)
        self.succeed("init", "letters.json", "--dataset", "letters", "--data", "data")
        self.succeed("letters.json", "--trials", "1", "--data", "data")
        study = json.loads(self.path("letters.json").read_text())
        study["$comment"] = "Mine now."
        del study["space"]["lr"]["$comment"]
        self.path("letters.json").write_text(json.dumps(study))
        self.succeed("letters.json", "--trials", "2", "--data", "data")
        self.assertEqual(len(self.states("letters.db")), 2)

    def test_replaces_no_file_unless_told_to(self):
        self.path("mine.json").write_text("precious")
        self.assertIn("mine.json", self.fail_with(2, "init", "mine.json"))
        self.assertEqual(self.path("mine.json").read_text(), "precious")
        self.succeed("init", "mine.json", "--force")
        self.assertTrue(json.loads(self.path("mine.json").read_text()))

    def test_says_what_is_missing(self):
        self.assertIn("which file", self.fail_with(2, "init"))
        self.path("data").mkdir()
        self.assertIn("letters", self.fail_with(1, "init", "x.json", "--dataset", "letters", "--data", "data"))
        self.assertIn("there is no folder nowhere", self.fail_with(2, "init", "nowhere/x.json"))
        self.data_set("data/same", 60, 1)
        self.assertIn("two classes or more", self.fail_with(2, "init", "x.json", "--dataset", "same", "--data", "data"))
        self.assertFalse(self.path("x.json").exists())


if __name__ == "__main__":
    unittest.main()
