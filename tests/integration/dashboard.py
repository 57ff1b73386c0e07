"""The real optuna-dashboard on files that this library writes.

Usage: dashboard.py STORAGE_DRIVER SEARCH_DRIVER
Needs optuna-dashboard (tests/requirements.txt).
"""

import csv
import io
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from dashboard_server import Dashboard, attributes_of, params_of, reports_of

LIMIT_SECONDS = 120


class Served(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "study.db"

    def drive(self, action, driver=None):
        done = subprocess.run([driver or STORAGE_DRIVER, action, str(self.path)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def open(self):
        dashboard = Dashboard(self.path)
        self.addCleanup(dashboard.close)
        return dashboard

    def sql(self, text):
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def wait_for(self, look, is_enough):
        """The first answer that is enough; the dashboard may show an older one for some seconds."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not is_enough(answer := look()):
            self.assertLess(time.monotonic(), deadline, answer)
            time.sleep(0.05)
        return answer


class EveryState(Served):
    def setUp(self):
        super().setUp()
        self.drive("write-every-state")
        self.before = self.drive("dump")
        self.dashboard = self.open()
        self.study = self.dashboard.study()
        self.trials = self.study["trials"]

    def test_the_study_is_listed(self):
        (listed,) = self.dashboard.studies()
        self.assertEqual((listed["study_id"], listed["study_name"], listed["directions"]),
                         (1, "every state / ünï", ["minimize"]))
        self.assertEqual(json.loads(attributes_of(listed)["owner"]), {"name": "Zoë", "n": 3})

    def test_metrics_and_search_space_are_named(self):
        self.assertEqual(self.study["objective_names"], ["loss"])
        space = {param["name"]: param["distribution"] for param in self.study["union_search_space"]}
        self.assertEqual(space["lr"], {"type": "FloatDistribution", "low": 1e-5, "high": 1.0, "step": None, "log": True})
        self.assertEqual(space["m"], {"type": "IntDistribution", "low": 0, "high": 20, "step": 5, "log": False})
        choices = self.trials[0]["params"][4]["distribution"]["choices"]
        self.assertEqual([choice["value"] for choice in choices], ["sgd", "None", "True", "3", "2.5", 'ünï "☃"\n'])
        # Of the whole study they come in an order of the dashboard's own.
        self.assertCountEqual(space["c"]["choices"], choices)

    def test_every_state_is_shown(self):
        self.assertEqual([trial["number"] for trial in self.trials], list(range(7)))
        self.assertEqual([trial["state"] for trial in self.trials],
                         "Complete Complete Pruned Pruned Fail Running Waiting".split())

    def test_values_and_reports_are_shown_that_are_not_finite(self):
        self.assertEqual([trial.get("values") for trial in self.trials],
                         [[0.1], ["inf"], [2.0], None, None, None, None])
        self.assertEqual(reports_of(self.trials[0]), [(0, "nan"), (10, "inf"), (20, "-inf"), (30, 0.5)])
        self.assertEqual(reports_of(self.trials[2]), [(0, 2.0)])
        self.assertTrue(self.study["has_intermediate_values"])

    def test_parameters_are_shown_with_their_types(self):
        first = self.trials[0]
        self.assertEqual(params_of(first), {"lr": "0.001", "drop": "0.3", "n": "4", "m": "10", "c": 'ünï "☃"\n'})
        self.assertEqual([param["param_external_pytyp"] for param in first["params"]],
                         [f"<class '{name}'>" for name in ("float", "float", "int", "int", "str")])
        self.assertEqual(params_of(self.trials[1])["c"], "None")

    def test_attributes_constraints_and_times_are_shown(self):
        first = self.trials[0]
        self.assertEqual(attributes_of(first), {"why": "☃"})
        self.assertEqual(first["constraints"], [-1.0])
        self.assertLessEqual(first["datetime_start"], first["datetime_complete"])
        self.assertNotIn("datetime_start", self.trials[6])

    def test_what_waits_and_what_runs_is_shown_with_its_parameters(self):
        running, waiting = self.trials[5:]
        self.assertEqual(params_of(running)["lr"], "0.125")
        self.assertNotIn("datetime_complete", running)
        self.assertEqual(waiting["params"], [])
        self.assertEqual({param["name"]: param["param_external_value"] for param in waiting["fixed_params"]},
                         {"lr": "0.0625", "c": "sgd"})

    def test_best_trial_importances_and_table_are_computed(self):
        self.assertEqual([trial["number"] for trial in self.study["best_trials"]], [0])
        (importances,) = self.dashboard.get("/api/studies/1/param_importances")["param_importances"]
        self.assertEqual(sorted(item["name"] for item in importances), ["c", "drop", "lr", "m", "n"])
        rows = list(csv.DictReader(io.StringIO(self.dashboard.request("/csv/1"))))
        self.assertEqual([row["State"] for row in rows],
                         "COMPLETE COMPLETE PRUNED PRUNED FAIL RUNNING WAITING".split())
        self.assertEqual([row["loss"] for row in rows[:4]], ["0.1", "inf", "2.0", ""])

    def test_looking_leaves_the_file_as_it_is(self):
        self.test_best_trial_importances_and_table_are_computed()
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.drive("dump"), self.before)

    def test_notes_and_attributes_of_the_dashboard_leave_the_study_as_it_is(self):
        self.dashboard.request("/api/studies/1/note", "PUT", {"version": 1, "body": "☃ of the study"})
        self.dashboard.request("/api/studies/1/1/note", "PUT", {"version": 1, "body": "of a trial"})
        self.dashboard.request("/api/trials/6/user-attrs", "POST", {"user_attrs": {"seen": True}})
        self.assertEqual(self.dashboard.study()["note"]["body"], "☃ of the study")
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.drive("dump"), self.before)


class SeveralObjectives(Served):
    def test_the_front_is_shown(self):
        self.drive("write-two-objectives")
        study = self.open().study()
        self.assertEqual(study["directions"], ["minimize", "maximize"])
        self.assertEqual([trial["values"] for trial in study["trials"]], [[0.5, 0.5], [0.25, "-inf"], [0.75, 0.75]])
        self.assertEqual(sorted(trial["number"] for trial in study["best_trials"]), [0, 1, 2])


class WhileItRuns(Served):
    def test_a_dashboard_that_is_open_follows_the_study(self):
        self.drive("create-shared")
        dashboard = self.open()
        self.assertEqual(dashboard.study()["trials"], [])
        holder = self.enterContext(subprocess.Popen([SEARCH_DRIVER, "hold", str(self.path)], stdin=subprocess.PIPE,
                                                    stdout=subprocess.PIPE, text=True))
        self.assertEqual(holder.stdout.readline(), "0\n")
        (trial,) = self.wait_for(dashboard.study, lambda study: study["trials"])["trials"]
        self.assertEqual(trial["state"], "Running")
        self.assertEqual([step for step, _ in reports_of(trial)], [0])
        self.assertIn("kind", params_of(trial))

        self.drive("go-on")
        study = self.wait_for(dashboard.study, lambda study: len(study["trials"]) == 6)
        self.assertEqual([trial["state"] for trial in study["trials"]], ["Running"] + ["Complete"] * 5)
        holder.stdin.close()
        self.assertEqual(holder.wait(LIMIT_SECONDS), 0)
        study = self.wait_for(dashboard.study, lambda study: study["trials"][0]["state"] != "Running")
        self.assertEqual(study["trials"][0]["values"], [reports_of(trial)[0][1]])
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(len(self.drive("dump").splitlines()), 6)

    def test_a_study_deleted_in_the_dashboard_is_gone_here(self):
        self.drive("write-every-state")
        self.drive("create-shared")
        self.open().request("/api/studies/1", "DELETE", {})
        self.assertEqual(self.drive("dump"), "")
        self.drive("go-on")
        self.assertEqual(len(self.drive("dump").splitlines()), 5)
        self.assertEqual(self.sql("PRAGMA integrity_check"), [("ok",)])


if __name__ == "__main__":
    SEARCH_DRIVER = sys.argv.pop(2)
    STORAGE_DRIVER = sys.argv.pop(1)
    unittest.main(verbosity=2)
