"""Questions to files, without a module and without a word written."""

import csv
import fcntl
import io
import json
import os
import pty
import shutil
import sqlite3
import struct
import subprocess
import termios
import unittest

from program_test import DATA, PROGRAM, ProgramTest


class Queries(ProgramTest):
    def copy(self, name):
        shutil.copyfile(DATA / "db" / name, self.path(name))
        return name

    def expected(self, name, study):
        content = json.loads((DATA / "db" / name.replace(".db", ".expected.json")).read_text())
        studies = content["studies"] if "studies" in content else content
        if isinstance(studies, dict):
            return studies[study]
        return next(entry for entry in studies if entry.get("name", entry.get("study_name")) == study)

    def test_best_trial_is_the_one_optuna_names(self):
        for name, study in (("single.db", "single-min"), ("single.db", "single-max / ünï"),
                            ("conditional.db", "constrained-single"), ("conditional.db", "conditional")):
            answer = json.loads(self.succeed("best-trial", self.copy(name), "--study", study, "-f", "json"))
            self.assertEqual(answer["number"], self.expected(name, study)["best_trial"], study)

    def test_explain_says_what_it_needs(self):
        self.copy("single.db")
        self.assertIn("which trial?", self.fail_with(2, "explain", "single.db"))
        self.assertIn("which trial?", self.fail_with(2, "explain", "3", "--storage", "sqlite:///single.db", "4"))
        self.assertIn("unexpected argument", self.fail_with(2, "explain", "single.db", "3", "4"))
        self.assertIn("expected a whole number", self.fail_with(2, "explain", "single.db", "best"))

    def test_explain_tells_what_is_known_of_another_programs_trial(self):
        self.copy("single.db")
        text = self.succeed("explain", "single.db", "1", "--study", "single-min")
        self.assertIn("suggested by another program", text)
        answer = json.loads(self.succeed("explain", "single.db", "1", "--study", "single-min", "-f", "json"))
        self.assertEqual((answer["number"], answer["origin"], answer["decisions"]), (1, "not recorded", []))
        self.assertTrue(answer["params"])

    def test_a_query_leaves_file_and_folder_as_they_are(self):
        self.copy("single.db")
        before = self.digest("single.db")
        for arguments in (("studies",), ("trials", "--study", "single-min"), ("best", "--study", "single-min")):
            self.succeed(arguments[0], "single.db", *arguments[1:])
        self.assertEqual(self.digest("single.db"), before)
        self.assertEqual(self.names(), ["single.db"])

    def test_trials_in_json_have_what_optuna_reads(self):
        trials = json.loads(self.succeed("trials", self.copy("single.db"), "--study", "single-min", "-f", "json"))
        expected = self.expected("single.db", "single-min")["trials"]
        self.assertEqual(len(trials), len(expected))
        for ours, theirs in zip(trials, expected):
            self.assertEqual((ours["number"], ours["state"]), (theirs["number"], theirs["state"]))
            self.assertEqual(ours["params"], theirs["params"])

    def test_an_infinite_value_is_a_string_in_json(self):
        trials = json.loads(self.succeed("trials", self.copy("single.db"), "--study", "single-min", "-f", "json"),
                            parse_constant=self.fail)
        self.assertIn("Infinity", [trial["value"] for trial in trials])

    def test_csv_has_a_row_a_trial_and_a_column_a_parameter(self):
        text = self.succeed("trials", self.copy("single.db"), "--study", "single-min", "-f", "csv")
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(len(rows), 31)
        expected = self.expected("single.db", "single-min")["trials"]
        self.assertEqual(float(rows[1]["params_lr"]), expected[1]["params"]["lr"])
        self.assertEqual(rows[2]["params_c"], "null")
        self.assertEqual(rows[28]["params_lr"], "")

    def test_csv_quotes_what_needs_quotes(self):
        rows = list(csv.reader(io.StringIO(self.succeed("studies", self.copy("multi.db"), "-f", "csv"))))
        self.assertEqual(rows[1][:2], ["mo-constrained", "minimize, maximize"])

    def test_state_and_last_select_trials(self):
        self.copy("single.db")
        trials = json.loads(self.succeed("trials", "single.db", "--study", "single-min", "--state", "pruned",
                                         "--last", "3", "-f", "json"))
        expected = [trial["number"] for trial in self.expected("single.db", "single-min")["trials"]
                    if trial["state"] == "PRUNED"]
        self.assertEqual([trial["number"] for trial in trials], expected[-3:])

    def test_studies_counts_trials_by_state(self):
        studies = json.loads(self.succeed("studies", self.copy("single.db"), "-f", "json"))
        first = studies[0]
        self.assertEqual([study["name"] for study in studies],
                         ["single-min", "single-max / ünï", "empty", "no-complete"])
        self.assertEqual([first[key] for key in ("n_trials", "n_complete", "n_pruned", "n_fail", "n_running",
                                                 "n_waiting")], [31, 16, 10, 2, 1, 2])

    def test_trials_say_why_they_were_pruned_or_failed(self):
        self.copy("single.db")
        connection = sqlite3.connect(self.path("single.db"))
        stored = {}
        for state, attributes in (("FAIL", {"tune:reason": '"out of \\"memory\\""'}),
                                  ("PRUNED", {"tune:prune": '{"value": 0.5, "threshold": 0.25, "step": 3, "n": 12}'})):
            trial_id, number = connection.execute(
                "select trial_id, number from trials join studies using (study_id)"
                " where study_name = 'single-min' and state = ? order by number", (state,)).fetchone()
            for key, value in attributes.items():
                connection.execute("insert into trial_system_attributes (trial_id, key, value_json) values (?, ?, ?)",
                                   (trial_id, key, value))
            stored[state] = number
        connection.commit()
        connection.close()
        expected = {stored["FAIL"]: 'out of "memory"', stored["PRUNED"]: "0.5 at step 3, threshold 0.25 from 12 trials"}
        arguments = ("trials", "single.db", "--study", "single-min", "-f")
        trials = json.loads(self.succeed(*arguments, "json"))
        self.assertEqual({trial["number"]: trial["reason"] for trial in trials if trial["reason"]}, expected)
        rows = csv.DictReader(io.StringIO(self.succeed(*arguments, "csv")))
        self.assertEqual({int(row["number"]): row["reason"] for row in rows if row["reason"]}, expected)
        table = self.succeed(*arguments, "table")
        for text in expected.values():
            self.assertIn(f"  {text}", table)

    def test_a_url_names_the_same_file(self):
        self.copy("single.db")
        self.assertEqual(self.succeed("studies", "--storage", "sqlite:///single.db"),
                         self.succeed("studies", "single.db"))

    def test_several_studies_are_listed_when_none_is_named(self):
        for command in ("best-trial", "best-trials", "trials"):
            message = self.fail_with(2, command, self.copy("single.db"))
            self.assertIn("--study", message)
            self.assertIn("single-max / ünï", message)

    def test_an_unknown_study_is_named_with_the_nearest_one(self):
        message = self.fail_with(2, "trials", self.copy("single.db"), "--study", "single-mn")
        self.assertIn('"single-mn"', message)
        self.assertIn('did you mean "single-min"?', message)

    def test_best_trial_says_why_there_is_none(self):
        self.assertIn("COMPLETE", self.fail_with(1, "best-trial", self.copy("single.db"), "--study", "no-complete"))
        self.assertIn("2 objectives",
                      self.fail_with(1, "best-trial", self.copy("multi.db"), "--study", "mo-constrained"))

        self.assertIn("best-trials",
                      self.fail_with(1, "best-trial", "multi.db", "--study", "mo-constrained"))

    def best_trials(self, name, study, *options):
        return json.loads(self.succeed("best-trials", self.copy(name), "--study", study, "-f", "json", *options))

    def test_best_trials_are_those_optuna_names(self):
        for study in ("mo-constrained", "mo-legacy-constraints"):
            found = self.best_trials("multi.db", study)
            self.assertEqual([trial["number"] for trial in found], self.expected("multi.db", study)["best_trials"])
            self.assertTrue(all(value <= 0 for trial in found for value in trial["constraints"]))

    def test_best_trials_of_one_objective_share_the_best_value(self):
        for name, study in (("single.db", "single-min"), ("conditional.db", "constrained-single")):
            found = self.best_trials(name, study)
            self.assertEqual(found[0]["number"], self.expected(name, study)["best_trial"])
            self.assertEqual(len({str(trial["value"]) for trial in found}), 1)

    def test_best_trials_come_as_table_and_csv_too(self):
        numbers = [str(number) for number in self.expected("multi.db", "mo-constrained")["best_trials"]]
        arguments = ("best-trials", self.copy("multi.db"), "--study", "mo-constrained", "-f")
        rows = list(csv.DictReader(io.StringIO(self.succeed(*arguments, "csv"))))
        self.assertEqual([row["number"] for row in rows], numbers)
        self.assertIn("values_1", rows[0])
        heading, _, *lines = self.succeed(*arguments, "table").splitlines()
        self.assertIn("gain", heading)
        self.assertEqual([line.split()[0] for line in lines[:len(numbers)]], numbers)
        self.assertIn(f"{len(numbers)} of ", lines[-1])

    def test_best_trials_tell_the_hypervolume_up_to_a_reference_point(self):
        found = self.best_trials("multi.db", "mo-constrained", "--reference-point", "1000,-1000")
        self.assertEqual(found["reference_point"], [1000, -1000])
        self.assertGreater(found["hypervolume"], 0)
        self.assertEqual([trial["number"] for trial in found["best_trials"]],
                         self.expected("multi.db", "mo-constrained")["best_trials"])
        table = self.succeed("best-trials", "multi.db", "--study", "mo-constrained", "--reference-point=-1e9,1e9")
        self.assertTrue(table.endswith("hypervolume 0\n"), table)

    def test_a_reference_point_that_does_not_fit_is_refused(self):
        self.copy("multi.db")
        for point, message in (("1", "2 objective(s)"), ("1,2,3", "2 objective(s)"), ("1;2", '"1;2"'),
                               ("1,nan", '"1,nan"'), ("inf,1", '"inf,1"')):
            self.assertIn(message, self.fail_with(2, "best-trials", "multi.db", "--study", "mo-constrained",
                                                  "--reference-point", point))
        self.assertIn("csv", self.fail_with(2, "best-trials", "multi.db", "--study", "mo-constrained",
                                            "--reference-point", "1,2", "-f", "csv"))

    def test_best_trials_say_why_there_are_none(self):
        self.assertIn("COMPLETE", self.fail_with(1, "best-trials", self.copy("single.db"), "--study", "no-complete"))

    def test_a_missing_file_and_a_foreign_one_are_errors_that_leave_them_alone(self):
        self.assertIn("missing.db", self.fail_with(1, "trials", "missing.db"))
        self.path("text.db").write_text("not a database, however long this text may be\n" * 100)
        before = self.digest("text.db")
        self.assertIn("text.db", self.fail_with(1, "trials", "text.db"))
        self.assertEqual(self.digest("text.db"), before)
        self.assertEqual(self.names(), ["text.db"])

    def test_a_table_fits_the_terminal(self):
        name = self.copy("single.db")
        for width in (40, 72, 100):
            leader, follower = pty.openpty()
            fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
            process = subprocess.Popen([PROGRAM, "trials", name, "--study", "single-min"], cwd=self.folder,
                                       stdout=follower, stdin=subprocess.DEVNULL)
            os.close(follower)
            text = b""
            try:
                while chunk := os.read(leader, 65536):
                    text += chunk
            except OSError:
                pass  # The other side is closed: the end.
            os.close(leader)
            self.assertEqual(process.wait(), 0)
            *lines, last = text.decode().splitlines()
            self.assertGreater(len(lines), 31)
            self.assertLessEqual(max(len(line) for line in lines), width)
            self.assertTrue(last.startswith("not shown: "), last)

    def test_numbers_stand_to_the_right(self):
        lines = self.succeed("trials", self.copy("single.db"), "--study", "single-min").splitlines()
        self.assertTrue(lines[0].startswith("number  state"))
        self.assertTrue(lines[2].startswith("     0  COMPLETE"))

    def test_a_result_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            process = subprocess.run([PROGRAM, "studies", self.copy("single.db")], cwd=self.folder, stdout=full,
                                     stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(process.returncode, 1)
        self.assertIn("standard output", process.stderr)


if __name__ == "__main__":
    unittest.main()
