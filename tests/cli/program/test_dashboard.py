"""The real optuna-dashboard beside a study that runs."""

import json
import pathlib
import signal
import sys
import time
import unittest

from program_test import LIMIT_SECONDS, ProgramTest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from dashboard_server import Dashboard, attributes_of, params_of, reports_of

WAITING = 60
LONG_WIDTH = 300  # Two seconds a trial.


def shown_text(value):
    """An attribute as the dashboard shows it, which cuts long ones."""
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(value)[:1024]


class BesideARun(ProgramTest):
    def open(self, db="long.db"):
        dashboard = Dashboard(self.path(db))
        self.addCleanup(dashboard.close)
        return dashboard

    def start_study(self):
        """A study whose first trial is short and the others, which wait in its queue, are long; and its dashboard."""
        study = self.study("long", objective={"type": "fmnist", "epochs": 20, "training_examples": 6000,
                                              "validation_examples": 1000},
                           space={"lr": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
                                  "width": {"type": "int", "low": 16, "high": LONG_WIDTH + WAITING}})
        widths = [16, *(LONG_WIDTH + number for number in range(1, WAITING))]
        self.succeed("enqueue", study, "--params", json.dumps([{"width": width} for width in widths]))
        dashboard = self.open()
        return study, dashboard, self.start(study, "--trials", "1000", "--jobs", "1")

    def begun(self):
        return sum(state != "WAITING" for state in self.states("long.db"))

    def wait_for(self, dashboard, is_enough):
        """Every answer of the dashboard up to the first that is enough."""
        answers = []
        deadline = time.monotonic() + LIMIT_SECONDS
        while not answers or not is_enough(answers[-1]["trials"]):
            self.assertLess(time.monotonic(), deadline)
            answers.append(dashboard.study())
            time.sleep(0.02)
        return answers

    def assert_one_story(self, answers):
        """Numbers without gaps, trials that are finished stay as they are."""
        finished = {}
        for answer in answers:
            self.assertEqual([trial["number"] for trial in answer["trials"]], list(range(len(answer["trials"]))))
            for trial in answer["trials"]:
                self.assertEqual(finished.get(trial["number"], trial), trial)
                if trial["state"] not in ("Running", "Waiting"):
                    finished[trial["number"]] = trial

    def assert_shows_the_file(self, answer):
        """All that `trials` knows."""
        trials = json.loads(self.succeed("trials", "long.db", "-f", "json"))
        self.assertEqual(len(answer["trials"]), len(trials))
        for shown, trial in zip(answer["trials"], trials):
            self.assertEqual((shown["number"], shown["state"].upper()), (trial["number"], trial["state"]))
            self.assertEqual(shown.get("values"), None if trial["value"] is None else [trial["value"]])
            self.assertEqual(params_of(shown), {name: str(value) for name, value in trial["params"].items()})
            self.assertEqual(attributes_of(shown), {name: shown_text(value)
                                                    for name, value in trial["user_attrs"].items()})
            self.assertEqual(reports_of(shown), self.rows(
                "select step, intermediate_value from trial_intermediate_values join trials using (trial_id)"
                " where number = ? order by step", trial["number"], db="long.db"))

    def test_it_shows_what_is_finished_what_runs_and_what_waits_and_then_the_end(self):
        study, dashboard, process = self.start_study()
        answers = self.wait_for(dashboard, lambda trials: trials[0]["state"] == "Complete" and any(
            trial["state"] == "Running" and trial["intermediate_values"] for trial in trials))
        seen = answers[-1]
        self.assertEqual(seen["objective_names"], ["validation_accuracy"])
        self.assertEqual(seen["directions"], ["maximize"])
        self.assertEqual(len(seen["trials"]), WAITING)
        self.assertEqual(seen["trials"][-1]["state"], "Waiting")
        self.assertEqual(seen["trials"][-1]["fixed_params"],
                         [{"name": "width", "param_external_value": str(LONG_WIDTH + WAITING - 1)}])
        self.assertEqual(sum(trial["state"] == "Running" for trial in seen["trials"]), 1)
        self.assertEqual([listed["study_name"] for listed in dashboard.studies()], ["long"])

        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process)[0], 130)
        answers += self.wait_for(dashboard, lambda trials: [trial["state"].upper() for trial in trials]
                                 == self.states("long.db"))
        self.assert_one_story(answers)
        self.assert_shows_the_file(answers[-1])
        best = json.loads(self.succeed("best-trial", "long.db", "-f", "json"))
        self.assertEqual([trial["number"] for trial in answers[-1]["best_trials"]], [best["number"]])
        self.assertIn("sound", self.succeed("check", "long.db"))

    def test_what_is_written_in_it_disturbs_no_run(self):
        study, dashboard, process = self.start_study()
        self.wait_for(dashboard, lambda trials: trials[0]["state"] == "Complete")
        dashboard.request("/api/studies/1/note", "PUT", {"version": 1, "body": "looks good"})
        dashboard.request("/api/studies/1/1/note", "PUT", {"version": 1, "body": "the first"})
        self.wait_for_finished("long.db", 1 + self.begun(), process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process)[0], 130)
        n_trials = 1 + self.begun()
        self.succeed(study, "--trials", n_trials, "--jobs", "1")
        self.assertEqual(len(self.finished_trials("long.db")), n_trials)
        answer = self.open().study()
        self.assertEqual((answer["note"]["body"], answer["trials"][0]["note"]["body"]), ("looks good", "the first"))
        self.assert_shows_the_file(answer)
        self.assert_sound("long.db")
        self.assertIn("sound", self.succeed("check", "long.db"))


if __name__ == "__main__":
    unittest.main()
