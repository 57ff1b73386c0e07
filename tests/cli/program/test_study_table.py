"""Tables of the results of a study with listed points."""

import json
import sqlite3
import subprocess
import sys
import unittest

from program_test import DATA, LIMIT_SECONDS, ProgramTest

TOOL = DATA.parent.parent / "tools" / "study_table.py"


class StudyTable(ProgramTest):
    def table(self, *arguments):
        done = subprocess.run([sys.executable, TOOL, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=LIMIT_SECONDS)
        return done.returncode, done.stdout, done.stderr

    def test_a_row_is_a_configuration_with_the_mean_of_its_replicates(self):
        self.succeed(self.study("points"), "--jobs", "1")
        code, output, _ = self.table("points.db", "--compare", "activation")
        self.assertEqual(code, 0)
        results, compared = (part.splitlines() for part in output.strip().split("\n\n"))
        self.assertEqual(results[0], "| `lr` | `activation` | trials | value | gap | seconds |")
        self.assertEqual([line.split(" | ")[:3] for line in results[2:]],
                         [["| 0.001", "relu", "2"], ["| 0.001", "tanh", "2"], ["| 0.01", "relu", "2"]])
        values = [value for (value,) in self.rows("select value from trial_table order by number", db="points.db")]
        self.assertIn(f"| {(values[0] + values[1]) / 2:.4f} ± ", results[2])
        # Two pairs, at one learning rate: four flips, of which two at least are as extreme.
        difference = (values[0] - values[2] + values[1] - values[3]) / 2
        self.assertIn(f"| relu − tanh | 2 | {difference:+.4f} | ", compared[2])
        self.assertIn(compared[2].split(" | ")[-1], ("0.5 |", "1 |"))

        # A trial that brought no result takes its pair out, and the other pairs stay.
        with sqlite3.connect(self.path("points.db")) as connection:
            connection.execute("update trials set state = 'PRUNED' where number = 0")
        compared = self.table("points.db", "--compare", "activation")[1].splitlines()[-1]
        self.assertIn(f"| relu − tanh | 1 | {values[1] - values[3]:+.4f} | 1 |", compared)
        code, output, _ = self.table("points.db", "--where", "activation=tanh")
        self.assertEqual((code, len(output.splitlines())), (0, 3))

    def test_curves_are_means_over_the_replicates_at_the_epochs_asked_for(self):
        two_epochs = {"type": "fmnist", "epochs": 2, "training_examples": 500, "validation_examples": 500}
        self.succeed(self.study("points", objective=two_epochs, pruner={"type": "nop"}), "--jobs", "1")
        code, output, _ = self.table("points.db", "--curves", "2,1")
        self.assertEqual(code, 0)
        table = output.strip().split("\n\n")[1].splitlines()
        self.assertEqual(table[0], "| `lr` | `activation` | loss, epoch 2 | loss, epoch 1 | accuracy, epoch 2 | accuracy, epoch 1 |")
        curves = [json.loads(curves) for (curves,) in self.rows(
            "select value_json from trials join trial_user_attributes using (trial_id) where key = 'curves' order by number",
            db="points.db")]

        def mean(name, epoch):
            return f"{(curves[0][name][epoch - 1] + curves[1][name][epoch - 1]) / 2:.3f}"

        self.assertEqual(table[2], "| 0.001 | relu | " + " | ".join(
            f"{mean(f'train_{what}', epoch)} / {mean(f'validation_{what}', epoch)}"
            for what in ("loss", "accuracy") for epoch in (2, 1)) + " |")

    def test_curves_have_a_dash_where_a_trial_ended_before(self):
        self.succeed(self.study("points"), "--jobs", "1", "--trials", "1")
        code, output, _ = self.table("points.db", "--curves", "99")
        self.assertEqual(code, 0)
        self.assertEqual(output.strip().splitlines()[-1], "| 0.001 | relu | – / – | – / – |")

    def test_what_cannot_be_told_is_an_error(self):
        self.succeed(self.study("points"), "--trials", "1")
        self.assertIn("epochs count from 1", self.table("points.db", "--curves", "0")[2])
        self.assertIn("fewer than two values", self.table("points.db", "--compare", "activation")[2])
        self.assertIn("no such COMPLETE trial", self.table("points.db", "--where", "lr=7")[2])
        self.succeed(self.study("tiny", pruner=None,
                                objectives=[{"metric": "validation_accuracy", "direction": "maximize"},
                                            {"metric": "parameter_count", "direction": "minimize"}]), "--trials", "1")
        self.assertIn("several objectives", self.table("tiny.db")[2])
        self.assertIn("has no study other", self.table("points.db", "--study", "other")[2])


if __name__ == "__main__":
    unittest.main()
