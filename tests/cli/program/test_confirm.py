"""The best trials of a study trained again with new seeds, and the one that wins named."""

import csv
import io
import json
import re
import shutil
import signal
import sqlite3
import statistics
import unittest

from program_test import ProgramTest


class Confirm(ProgramTest):
    def confirm(self, *arguments):
        return json.loads(self.succeed("confirm", "tiny.db", "--jobs", "2", "-f", "json", *arguments))

    def search(self, n=8, **changes):
        self.succeed(self.study("tiny", **changes), "--trials", n, "--jobs", "2")

    def replicates(self, study="tiny-confirm", db="tiny.db"):
        """Point -> values in the order of the replicates."""
        found = {}
        for point, value in self.rows(
                "select cast(a.value_json as int), v.value from trials t join studies s using (study_id)"
                " join trial_system_attributes a on a.trial_id = t.trial_id and a.key = 'tune:point'"
                " left join trial_values v on v.trial_id = t.trial_id where s.study_name = ? order by t.number",
                study, db=db):
            found.setdefault(point, []).append(value)
        return found

    def test_the_best_configurations_are_trained_again_and_compared(self):
        self.search()
        best = sorted(((value, -number) for number, value in self.rows(
            "select number, value from trials join trial_values using (trial_id) where state = 'COMPLETE'",
            db="tiny.db")), reverse=True)[:3]
        answer = self.confirm("--top", "3", "--replicates", "4")
        self.assertEqual((answer["study"], answer["confirms"], answer["n_replicates"], answer["n_missing"]),
                         ("tiny-confirm", "tiny", 4, 0))
        values = self.replicates()
        self.assertEqual(sorted(len(of_point) for of_point in values.values()), [4, 4, 4])
        by_trial = {trial["trial"]: trial for trial in answer["trials"]}
        self.assertEqual([(by_trial[-number]["value"], number) for _, number in best], best)
        for point, (_, number) in enumerate(best):
            trial, own = by_trial[-number], values[point]
            self.assertAlmostEqual(trial["mean"], statistics.mean(own))
            self.assertAlmostEqual(trial["standard_deviation"], statistics.stdev(own))
            self.assertEqual((trial["min"], trial["max"], trial["n"], trial["n_pairs"]), (min(own), max(own), 4, 4))
            self.assertEqual(trial["wins"], sum(own[i] == max(of[i] for of in values.values()) for i in range(4)))
            self.assertEqual(trial["p_value"] is None, -number == answer["best"])
        means = [trial["mean"] for trial in answer["trials"]]
        self.assertEqual(means, sorted(means, reverse=True))
        # Four pairs give no p-value below 2^-3.
        self.assertIsNone(answer["winner"])
        self.assertIn("that takes at least 7 replicates for 3 configurations", answer["verdict"])

    def test_replicates_of_one_number_share_their_seeds(self):
        space = {"lr": {"type": "categorical", "choices": [0.01]},
                 "momentum": {"type": "categorical", "choices": [0.0, 0.5]}}
        # Adam has no momentum: two configurations that are trained alike.
        self.search(2, space=space, fixed={"optimizer": "adam", "depth": 1, "width": 8}, sampler={"type": "grid"})
        answer = self.confirm("--replicates", "3")
        first, second = self.replicates().values()
        self.assertEqual(first, second)
        self.assertEqual(len(set(first)), 3)
        self.assertEqual([trial["p_value"] for trial in answer["trials"]], [None, 1.0])
        self.assertEqual(answer["undecided"], [1 - answer["best"]])

    def test_a_configuration_that_is_better_with_every_seed_wins(self):
        self.search(2, space={"lr": {"type": "categorical", "choices": [0.01, 1e-9]}}, sampler={"type": "grid"},
                    pruner={"type": "nop"}, fixed={"optimizer": "adam", "depth": 1, "width": 8})
        answer = self.confirm("--replicates", "6")
        (good,), = self.rows("select number from trials join trial_params using (trial_id) join studies using (study_id)"
                             " where study_name = 'tiny' and param_value = 0", db="tiny.db")
        self.assertEqual((answer["best"], answer["winner"], answer["undecided"]), (good, good, []))
        self.assertEqual(answer["trials"][1]["p_value"], 2 ** -5)
        self.assertRegex(answer["verdict"], rf"^trial {good} wins: its mean 0\.\d+ is better than that of each other one")

    def test_the_same_command_goes_on_and_then_prints_the_result_again(self):
        self.search()
        shutil.copyfile(self.path("tiny.db"), self.path("whole.db"))
        arguments = ("confirm", "tiny.db", "--top", "2", "--replicates", "12", "--jobs", "2")
        process = self.start(*arguments)
        self.wait_for_finished("tiny.db", 8 + 3, process)
        process.send_signal(signal.SIGINT)
        code, output, messages = self.finish(process)
        self.assertEqual(code, 130, messages)
        self.assertIn("resume with: ", messages)
        self.assertRegex(output, r"\d+ replicates are missing: the same command goes on")
        # The study goes on meanwhile: what is compared stays.
        self.succeed(self.study("tiny"), "--trials", "16", "--jobs", "2")
        done = self.succeed(*arguments)
        self.assertNotIn("missing", done)
        before = self.digest("tiny.db")
        self.assertEqual(self.succeed(*arguments), done)
        self.assertEqual(self.succeed("confirm", "tiny.db"), done)
        self.assertEqual(self.digest("tiny.db"), before)
        self.succeed("confirm", "whole.db", *arguments[2:-1], "1")
        self.assertEqual(self.replicates(), self.replicates(db="whole.db"))

    def test_replicates_beyond_a_constraint_are_told_apart_from_those_without_a_value(self):
        self.search()
        self.confirm("--top", "2", "--replicates", "2")
        connection = sqlite3.connect(self.path("tiny.db"))
        with connection:
            connection.execute("insert into trial_system_attributes (trial_id, key, value_json) select max(trial_id),"
                               " 'constraints', '[0.5]' from trials")
        connection.close()
        answer = self.confirm("--top", "2", "--replicates", "2")
        self.assertIn("; 1 replicates are beyond a constraint and do not count", answer["verdict"])
        self.assertNotIn("without a value", answer["verdict"])

    def test_table_and_csv_have_a_row_a_configuration(self):
        self.search()
        table = self.succeed("confirm", "tiny.db", "--top", "2", "--replicates", "2", "--quiet")
        lines = table.splitlines()
        self.assertEqual(lines[0].split()[:9],
                         ["trial", "value", "replicates", "mean", "std", "min", "max", "wins", "p"])
        self.assertIn("Wilcoxon signed rank", table)
        self.assertRegex(lines[-1], "seed noise cannot tell trial|wins")
        rows = list(csv.DictReader(io.StringIO(self.succeed("confirm", "tiny.db", "-f", "csv"))))
        self.assertEqual(len(rows), 2)
        self.assertEqual({row["replicates"] for row in rows}, {"2"})
        self.assertTrue(re.fullmatch(r"[\d.]+", rows[0]["lr"]))

    def test_another_number_needs_another_name(self):
        self.search()
        self.confirm("--top", "2", "--replicates", "2")
        for option, value, kept in (("--top", 3, 2), ("--replicates", 3, 2)):
            message = self.fail_with(2, "confirm", "tiny.db", option, value)
            self.assertIn(f'{option}: study "tiny-confirm" was begun with {kept}, {value} is asked for', message)
        answer = self.confirm("--top", "2", "--replicates", "3", "--name", "again")
        self.assertEqual(answer["study"], "again")
        old, new = self.replicates(), self.replicates("again")
        for point in old:
            self.assertNotEqual(old[point], new[point][:2])

    def test_the_same_command_is_taken_again_where_there_were_fewer_configurations(self):
        self.search(3)
        first = self.confirm("--top", "5", "--replicates", "2")
        self.assertEqual(self.confirm("--top", "5", "--replicates", "2"), first)

    def test_bad_input(self):
        self.search(2)
        for arguments, text in ((("--top", "0"), "--top"), (("--replicates", "x"), "--replicates"),
                                (("--study", "other"), 'there is no study "other" here'),
                                (("--name", "tiny"), 'a study "tiny" that does not confirm "tiny"'),
                                (("--name", "a/b"), "/name: expected a name"), (("--data", "nowhere"), "--data"),
                                (("--jobs", "1", "--jobs-per-device", "1"), "give one of the two")):
            self.assertIn(text, self.fail_with(2, "confirm", "tiny.db", *arguments))
        self.assertIn("which storage?", self.fail_with(2, "confirm"))
        self.assertIn("nowhere.db", self.fail_with(1, "confirm", "nowhere.db"))
        self.assertEqual(len(self.rows("select * from studies", db="tiny.db")), 1)

    def test_without_a_value_or_with_several_there_is_nothing_to_confirm(self):
        self.succeed("ask", self.study("tiny"))
        self.assertIn("no COMPLETE feasible trial yet", self.fail_with(1, "confirm", "tiny.db"))
        several = [{"metric": "validation_accuracy", "direction": "maximize"},
                   {"metric": "parameter_count", "direction": "minimize"}]
        self.succeed(self.study("tiny", name="two", pruner=None, objectives=several), "--trials", "1")
        self.assertIn("several objectives", self.fail_with(2, "confirm", "two.db"))


if __name__ == "__main__":
    unittest.main()
