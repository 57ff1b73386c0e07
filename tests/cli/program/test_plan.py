"""The dry run of a study: what it would cost, and what is odd in it."""

import csv
import io
import json
import unittest

from program_test import ProgramTest


class Plan(ProgramTest):
    def plan(self, study, *arguments):
        return json.loads(self.succeed("plan", study, "--jobs", "2", "-f", "json", *arguments))

    def test_ten_configurations_are_measured_and_nothing_is_stored(self):
        study = self.study("tiny")
        plan = self.plan(study, "--trials", "30")
        self.assertEqual(self.names(), ["tiny.json"])
        self.assertEqual((plan["study"], plan["n_trials"], plan["epochs"], plan["jobs"], plan["devices"]),
                         ("tiny", 30, 2, 2, ["cpu"]))
        trials = plan["configurations"]
        self.assertEqual(len(trials), 10)
        for trial in trials:
            widths = [784, *(trial["params"][f"width_l{i}"] for i in range(trial["params"]["depth"])), 10]
            self.assertEqual(trial["parameter_count"], sum((a + 1) * b for a, b in zip(widths, widths[1:])))
            self.assertGreater(trial["memory_bytes"], 4 * 4 * trial["parameter_count"])
            self.assertGreater(trial["flops_per_epoch"], 0)
            self.assertGreater(trial["seconds_per_epoch"], 0)
            self.assertAlmostEqual(trial["seconds"], 2 * trial["seconds_per_epoch"])
            self.assertEqual((trial["rejected"], trial["error"]), (None, None))
        mean = sum(trial["seconds"] for trial in trials) / 10
        self.assertAlmostEqual(plan["seconds"], mean * 30 / 2)
        self.assertIn("none is pruned", plan["assumption"])
        self.assertEqual(plan["warnings"], [])

    def test_the_first_trials_of_the_run_are_the_ones_that_are_planned(self):
        study = self.study("tiny", sampler={"type": "random", "seed": 5})
        planned = [trial["params"] for trial in self.plan(study)["configurations"]]
        self.succeed(study, "--trials", "10", "--jobs", "1")
        self.assertEqual([trial["params"] for trial in json.loads(self.succeed("trials", "tiny.db", "-f", "json"))],
                         planned)

    def test_the_table_ends_with_the_time_and_the_warnings(self):
        study = self.study("tiny", space={"lr": {"type": "float", "low": 0.001, "high": 2.0},
                                          "depth": {"type": "int", "low": 1, "high": 1},
                                          "batch_size": {"type": "categorical", "choices": [32, 4096]},
                                          "width": {"type": "categorical", "choices": [8, 4096]}},
                           sampler={"type": "random"}, limits={"max_trial_memory_mib": 8})
        text = self.succeed("plan", study, "--trials", "1000", "--jobs", "1")
        lines = text.splitlines()
        self.assertEqual(lines[0].split()[:5], ["parameters", "MiB", "GFLOP/epoch", "s/epoch", "s/trial"])
        self.assertRegex(text, r"\n1000 trials of 2 epochs, 1 job on cpu: about \d.*, if the trials are like")
        for warning in ('lr: from 0.001 to 2.0 without "log"', "lr: from 0.001 to 2.0: below 1e-06",
                        'depth: has one value, 1;', "batch_size of 4096 cannot be trained: batch_size: expected 1 to 1000, the examples of an epoch",
                        "are beyond the limits and would be pruned"):
            self.assertIn(f"warning: {warning}" if not warning.startswith("are") else warning, text)
        self.assertIn("rejected before training: memory of ", text)
        rows = list(csv.DictReader(io.StringIO(self.succeed("plan", study, "-f", "csv"))))
        self.assertEqual(len(rows), 10)
        for row in rows:
            self.assertEqual(row["s/epoch"] == "", row["remark"] != "")
            self.assertEqual("batch_size: expected" in row["remark"], row["batch_size"] == "4096")

    def test_points_are_planned_where_nothing_else_is_searched(self):
        plan = self.plan(self.study("points"))
        self.assertEqual(plan["n_trials"], 6)
        self.assertEqual([trial["params"]["lr"] for trial in plan["configurations"]], [0.001, 0.001, 0.01])

    def test_convolutions_are_measured_too(self):
        study = self.study("tiny", space={"lr": {"type": "categorical", "choices": [0.001, 0.01]}}, fixed={"family": "cnn"},
                           sampler={"type": "grid"}, objective={
                               "type": "fmnist", "epochs": 1, "training_examples": 500,
                               "validation_examples": 500})
        trials = self.plan(study)["configurations"]
        self.assertEqual(len(trials), 2)
        for trial in trials:
            self.assertGreater(trial["seconds_per_epoch"], 0)

    def test_bad_input(self):
        study = self.study("tiny")
        for arguments, text in (((), "which study file?"), ((study, "--trials", "0"), "--trials"),
                                ((study, "--data", "nowhere"), "--data"), ((study, "--devices", "gpu"), "--devices"),
                                ((study, "--jobs", "1", "--jobs-per-device", "1"), "give one of the two"),
                                (("nothing.json",), "No such file"), ((study, "-f", "xml"), "--format"),
                                ((self.study("tiny", file="bad.json", limits=3), ), "/limits: expected")):
            self.assertIn(text, self.fail_with(2, "plan", *arguments))
        message = self.fail_with(1, "plan", self.study("tiny", file="other.json", objective={
            "type": "fmnist", "dataset": "no-such-data"}))
        self.assertIn("no-such-data", message)
        self.assertFalse([name for name in self.names() if name.endswith(".db")])


if __name__ == "__main__":
    unittest.main()
