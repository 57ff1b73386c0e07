"""Studies that run to their end: new, resumed, changed, repeated, shared."""

import datetime
import json
import os
import pty
import re
import subprocess
import unittest

from program_test import FINISHED, PROGRAM, ProgramTest


class Runs(ProgramTest):
    def test_a_study_runs_to_exactly_the_asked_number_and_is_then_done(self):
        study = self.study("tiny")
        output = self.succeed(study, "--trials", "6")
        self.assertIn("6 finished trials", output)
        self.assertIn("best trial", output)
        self.assertEqual(len(self.states("tiny.db")), 6)
        self.assertTrue(all(state in FINISHED for state in self.states("tiny.db")))
        before = self.digest("tiny.db")
        self.assertIn("nothing to do: 6 of 6 trials are finished", self.succeed("run", study, "--trials", "6"))
        self.assertIn("nothing to do: 6 of 5", self.succeed(study, "--trials", "5"))
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_resumed_study_keeps_what_it_has(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "4")
        before = self.finished_trials("tiny.db")
        self.succeed(study, "--trials", "7")
        after = self.finished_trials("tiny.db")
        self.assertEqual(sorted(after), list(range(7)))
        self.assertEqual({number: after[number] for number in before}, before)

    def loads_libtorch(self, study):
        """Runs a trial of the study; the dynamic linker tells which libraries the process had."""
        log = self.path("linker")
        code, _, messages = self.run_program(study, "--trials", "1", env=os.environ | {
            "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(log)})
        self.assertEqual(code, 0, messages)
        texts = [path.read_text(errors="replace") for path in self.folder.glob("linker.*")]
        for path in self.folder.glob("linker.*"):
            path.unlink()
        self.assertTrue(any("tune_fmnist.so" in text for text in texts))
        return any("libtorch_cpu" in text for text in texts)

    def test_libtorch_is_loaded_only_for_networks_that_need_it(self):
        # Without oneDNN some of their products are LibTorch's.
        self.assertEqual(self.loads_libtorch(self.study("tiny")), "oneDNN" not in self.succeed("--version"))
        self.assertTrue(self.loads_libtorch(self.study(
            "tiny", name="cnn", file="cnn.json", fixed={"family": "cnn", "channels": 2})))

    def test_the_file_is_alone_and_sound_after_a_run(self):
        self.succeed(self.study("tiny"), "--trials", "3")
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])
        self.assert_sound("tiny.db")
        self.assertEqual(self.rows("pragma journal_mode", db="tiny.db"), [("delete",)])

    def test_best_trial_agrees_with_the_view_in_the_file(self):
        self.succeed(self.study("tiny"), "--trials", "8")
        answer = json.loads(self.succeed("best-trial", "tiny.db", "-f", "json"))
        (study, number, value, params), = self.rows("select study_name, number, value, params from best_trial",
                                                    db="tiny.db")
        self.assertEqual((study, number, json.loads(params)), ("tiny", answer["number"], answer["params"]))
        self.assertAlmostEqual(value, answer["value"], places=15)

    def test_a_study_of_several_objectives_ends_with_its_pareto_front(self):
        study = self.study("tiny", pruner=None,
                           objectives=[{"metric": "validation_accuracy", "direction": "maximize"},
                                       {"metric": "training_seconds", "direction": "minimize"},
                                       {"metric": "parameter_count", "direction": "minimize"}])
        code, output, messages = self.run_program(study, "--trials", "8")
        self.assertEqual(code, 0, messages)
        self.assertRegex(messages, r"trial 0 COMPLETE 0\.\d+, \d+\.?\d*, \d+ in ")
        best = json.loads(self.succeed("best-trials", "tiny.db", "-f", "json"))
        self.assertIn(f"({len(best)} of {len(best)})", output)
        self.assertIn("fmnist-tune best-trials tiny.db", output)
        for trial in best:
            accuracy, seconds, parameters = trial["values"]
            self.assertTrue(0 < accuracy < 1 and 0 < seconds <= trial["duration_seconds"])
            self.assertEqual(parameters, trial["user_attrs"]["parameter_count"])
        heading = self.succeed("best-trials", "tiny.db").splitlines()[0]
        self.assertRegex(heading, "validation_accuracy +training_seconds +parameter_count")
        self.assertIn("8 of 8", self.succeed(study, "--trials", "8"))

    def test_constraints_say_which_trials_may_be_the_best(self):
        study = self.study("tiny", constraints=[{"metric": "parameter_count", "at_most": 15000},
                                                {"metric": "epoch_gflops", "at_least": 0}])
        self.succeed(study, "--trials", "8", "--jobs", "1")
        trials = json.loads(self.succeed("trials", "tiny.db", "-f", "json"))
        for trial in trials:
            parameters, gflops = (trial["user_attrs"][name] for name in ("parameter_count", "epoch_gflops"))
            self.assertEqual(trial["constraints"], [parameters - 15000, -gflops])
        feasible = [trial for trial in trials if max(trial["constraints"]) <= 0 and trial["state"] == "COMPLETE"]
        self.assertTrue(feasible)
        self.assertLess(len(feasible), len(trials))
        best = json.loads(self.succeed("best-trial", "tiny.db", "-f", "json"))
        self.assertEqual(best["number"], max(feasible, key=lambda trial: trial["value"])["number"])
        self.assertIn("constraints: ", self.fail_with(2, self.study("tiny", file="other.json"), "--trials", "9"))

    def test_a_pruner_for_several_objectives_is_refused(self):
        study = self.study("tiny", objectives=[{"metric": "validation_accuracy", "direction": "maximize"},
                                               {"metric": "training_seconds", "direction": "minimize"}])
        self.assertIn("several objectives cannot be pruned", self.fail_with(2, study, "--trials", "1"))

    def test_one_job_and_one_seed_give_one_study(self):
        study = self.study("tiny")
        for name in ("a.db", "b.db"):
            self.succeed(study, "--trials", "8", "--jobs", "1", "--storage", name)
        self.assertEqual(self.results("a.db"), self.results("b.db"))
        self.succeed(study, "--trials", "8", "--jobs", "1", "--storage", "c.db", "--seed", "1")
        self.assertNotEqual(self.results("a.db"), self.results("c.db"))

    def test_a_study_in_pieces_equals_one_in_one_go(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "8", "--jobs", "1", "--storage", "whole.db")
        for n_trials in (3, 5, 8):
            self.succeed(study, "--trials", n_trials, "--jobs", "1", "--storage", "pieces.db")
        self.assertEqual(self.results("whole.db"), self.results("pieces.db"))

    def test_two_processes_never_overshoot(self):
        study = self.study("tiny")
        processes = [self.start(study, "--trials", "12", "--jobs", "2") for _ in range(2)]
        for process in processes:
            code, _, messages = self.finish(process)
            self.assertEqual(code, 0, messages)
        self.assertEqual(len(self.states("tiny.db")), 12)
        self.assertEqual(len(self.finished_trials("tiny.db")), 12)
        self.assert_sound("tiny.db")

    def test_every_suggestion_of_a_run_can_be_explained(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "9", "--jobs", "2")
        for number in range(9):
            answer = json.loads(self.succeed("explain", "tiny.db", number, "-f", "json"))
            self.assertEqual((answer["number"], answer["origin"], answer["confirmed"]), (number, "suggested", True))
        joint = answer["decisions"][0]
        chosen = joint["candidates"][joint["chosen"]]
        self.assertEqual(len(joint["candidates"]), 24)
        self.assertEqual(chosen["score"], max(candidate["score"] for candidate in joint["candidates"]))
        self.assertEqual({name: answer["params"][name] for name in chosen["params"]}, chosen["params"])
        seen = answer["seen"]
        self.assertEqual(len(joint["below"]) + len(joint["above"]),
                         seen["complete"] + seen["pruned"] + seen["running"])
        text = self.succeed("explain", "tiny.db", 8)
        for part in ("good trials: ", "other trials: ", "log l - log g", "why: the candidate of 24"):
            self.assertIn(part, text)
        rows = self.succeed("explain", "--storage", "tiny.db", 8, "-f", "csv").splitlines()
        self.assertTrue(rows[0].startswith("decision,candidate,chosen,log_l,log_g,mean,deviation,score,params_"), rows[0])
        self.assertGreaterEqual(len(rows), 1 + 24)
        self.assertIn("drawn at random: 0 of 4 startup trials", self.succeed("explain", "tiny.db", 0))

    def test_a_suggestion_of_a_gaussian_process_shows_what_was_expected(self):
        study = self.study("tiny", sampler={"type": "gp_tpe", "seed": 42, "n_startup_trials": 4})
        self.succeed(study, "--trials", "7", "--jobs", "1")
        answer = json.loads(self.succeed("explain", "tiny.db", 6, "-f", "json"))
        self.assertTrue(answer["confirmed"])
        (decision,) = answer["decisions"]
        candidates = decision["candidates"]
        self.assertGreater(decision["compared"], len(candidates))
        self.assertEqual(candidates[0]["params"], answer["params"])
        self.assertEqual(candidates[0]["score"], max(candidate["score"] for candidate in candidates))
        for params in (candidate["params"] for candidate in candidates):
            self.assertFalse("momentum" in params and params["optimizer"] != "sgd", params)
        text = self.succeed("explain", "tiny.db", 6)
        for part in ("log improvement", "largest expected improvement", "less is better"):
            self.assertIn(part, " ".join(text.split()))
        rows = self.succeed("explain", "tiny.db", 6, "-f", "csv").splitlines()
        self.assertEqual(len(rows), 1 + len(candidates))

    def test_a_suggestion_is_not_explained_by_a_search_that_has_changed(self):
        self.succeed(self.study("tiny"), "--trials", "7", "--jobs", "1")
        changed = self.study("tiny", sampler={"type": "tpe", "seed": 42, "n_startup_trials": 2})
        self.succeed(changed, "--trials", "8", "--jobs", "1")
        self.assertIn("the suggestion is another one", self.succeed("explain", "tiny.db", 3))
        self.assertEqual(json.loads(self.succeed("explain", "tiny.db", 3, "-f", "json"))["decisions"], [])
        self.assertNotIn("the suggestion is another one", self.succeed("explain", "tiny.db", 7))

    def test_a_study_that_avoids_duplicates_ends_when_every_configuration_is_tried(self):
        space = {"optimizer": {"type": "categorical", "choices": ["sgd", "adam"]},
                 "depth": {"type": "int", "low": 1, "high": 3}}
        study = self.study("tiny", space=space, duplicates="avoid")
        processes = [self.start(study, "--trials", "100", "--jobs", "2") for _ in range(2)]
        for process in processes:
            code, _, messages = self.finish(process)
            self.assertEqual(code, 0, messages)
            self.assertIn("6 of 6 possible configurations have been tried", messages)
        configurations = {parts[1] for _, parts in self.results("tiny.db").items()}
        self.assertEqual((len(self.states("tiny.db")), len(configurations)), (6, 6))
        self.assertIn("nothing to do: 6 of 5", self.succeed(study, "--trials", "5"))

    def test_the_progress_of_each_process_is_that_of_the_study(self):
        study = self.study("long")
        first = self.start(study, "--trials", "12", "--jobs", "1")
        self.wait_for_finished("long.db", 1, first)
        second = self.start(study, "--trials", "12", "--jobs", "1")
        lines = []
        for process in (first, second):
            code, _, messages = self.finish(process)
            self.assertEqual(code, 0, messages)
            found = re.findall(r"; (\d+) of 12 finished, best \S+ \(trial (\d+)\)", messages)
            self.assertNotEqual(found, [], messages)
            lines += found
        best = json.loads(self.succeed("best-trial", "long.db", "-f", "json"))["number"]
        # Whoever finished the last trial has seen all of them.
        self.assertIn(("12", str(best)), lines)

    def test_the_seed_is_kept(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "2", "--seed", "5")
        before = self.digest("tiny.db")
        message = self.fail_with(2, study, "--trials", "4", "--seed", "6")
        self.assertIn("seed 5", message)
        self.assertEqual(self.digest("tiny.db"), before)
        code, _, messages = self.run_program(study, "--trials", "3")
        self.assertEqual(code, 0)
        self.assertIn("keeps its seed 5", messages)
        self.succeed(study, "--trials", "4", "--seed", "5")
        self.assertEqual(self.rows("select value_json from study_system_attributes where key = 'tune:seed'",
                                   db="tiny.db"), [("5",)])

    def test_another_space_under_the_same_name_is_refused_with_the_difference(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "2")
        before = self.digest("tiny.db")
        space = json.loads(self.path(study).read_text())["space"]
        for changed, expected in (({**space, "optimizer": {"type": "categorical", "choices": ["sgd", "rmsprop"]}}, "rmsprop"),
                                  ({**space, "lr": {"type": "float", "low": 1e-4, "high": 0.1}}, "space/lr/log"),
                                  ({**space, "dropout": {"type": "float", "low": 0, "high": 0.5}}, "space/dropout")):
            message = self.fail_with(2, self.study("tiny", space=changed), "--trials", "4")
            self.assertIn(expected, message)
        self.assertEqual(self.digest("tiny.db"), before)

    def test_another_direction_or_data_is_refused(self):
        self.succeed(self.study("tiny"), "--trials", "2")
        before = self.digest("tiny.db")
        other = [{"metric": "validation_loss", "direction": "minimize"}]
        self.assertIn("minimize", self.fail_with(2, self.study("tiny", objectives=other), "--trials", "4"))
        objective = json.loads(self.path("tiny.json").read_text())["objective"]
        objective["training_examples"] = 1200
        self.assertIn("1200", self.fail_with(2, self.study("tiny", objective=objective), "--trials", "4"))
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_wider_range_is_accepted_and_recorded(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "2")
        space = json.loads(self.path(study).read_text())["space"]
        space["lr"]["high"] = 0.2
        code, _, messages = self.run_program(self.study("tiny", space=space), "--trials", "3")
        self.assertEqual(code, 0, messages)
        self.assertIn("space/lr", messages)
        (text,), = self.rows("select value_json from study_system_attributes where key = 'tune:study_file'",
                             db="tiny.db")
        self.assertEqual(json.loads(json.loads(text))["space"]["lr"]["high"], 0.2)

    def test_points_are_run_first_once_and_in_all_replicates(self):
        study = self.study("points")
        output = self.succeed(study)
        self.assertIn("6 finished trials", output)
        self.succeed(study)
        trials = json.loads(self.succeed("trials", "points.db", "-f", "json"))
        expected = [("relu", 0.001)] * 2 + [("tanh", 0.001)] * 2 + [("relu", 0.01)] * 2
        self.assertEqual([(trial["params"]["activation"], trial["params"]["lr"]) for trial in trials], expected)
        self.assertNotEqual(trials[0]["value"], trials[1]["value"])

    def test_further_points_are_enqueued_once(self):
        study = self.study("points")
        self.succeed(study)
        before = json.loads(self.path(study).read_text())["points"]
        points = [*before, before[0], {"lr": 0.05, "activation": "tanh"}]
        for _ in range(2):
            self.succeed(self.study("points", points=points))
        trials = json.loads(self.succeed("trials", "points.db", "-f", "json"))
        self.assertEqual(len(trials), 10)
        self.assertEqual([trial["params"]["lr"] for trial in trials[6:]], [0.001, 0.001, 0.05, 0.05])

    def test_a_time_limit_ends_the_run_in_order(self):
        study = self.study("long")
        code, _, messages = self.run_program(study, "--timeout", "1", "--jobs", "1")
        self.assertEqual(code, 0, messages)
        self.assertIn("time limit", messages)
        self.assertNotIn("RUNNING", self.states("long.db"))
        self.assertIn("the exit code is 0 all the same", " ".join(self.succeed("run", "--help").split()))

    def test_a_line_a_trial_where_there_is_no_terminal(self):
        code, _, messages = self.run_program(self.study("tiny"), "--trials", "3")
        self.assertEqual(code, 0)
        self.assertEqual(sum(" finished, best " in line for line in messages.splitlines()), 3)
        self.assertNotIn("\x1b", messages)

    def test_times_in_messages_are_utc_as_those_of_results(self):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        code, _, messages = self.run_program(self.study("tiny"), "--trials", "1",
                                             env={**os.environ, "TZ": "XYZ-5:30"})
        self.assertEqual(code, 0, messages)
        after = datetime.datetime.now(datetime.timezone.utc)
        for time in re.findall(r"^(\S+) info: ", messages, re.MULTILINE):
            told = datetime.datetime.strptime(time, "%H:%M:%SZ")
            since = (datetime.timedelta(hours=told.hour, minutes=told.minute, seconds=told.second)
                     - datetime.timedelta(hours=before.hour, minutes=before.minute, seconds=before.second))
            self.assertLessEqual(since % datetime.timedelta(days=1), after - before)
        self.assertIn("Z info: ", messages)

    def test_quiet_says_nothing(self):
        self.assertEqual(self.run_program(self.study("tiny"), "--trials", "2", "--quiet"), (0, "", ""))

    def test_one_redrawn_line_on_a_terminal(self):
        leader, follower = pty.openpty()
        process = subprocess.Popen([PROGRAM, self.study("tiny"), "--trials", "4"], cwd=self.folder, stderr=follower,
                                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        os.close(follower)
        text = b""
        try:
            while chunk := os.read(leader, 65536):
                text += chunk
        except OSError:
            pass  # The other side is closed: the end.
        os.close(leader)
        self.assertEqual(process.wait(), 0)
        self.assertIn("of 4 finished (", text.decode())
        self.assertIn("\r\x1b[K", text.decode())

    def test_the_storage_of_the_study_file_is_used_unless_another_is_given(self):
        self.succeed(self.study("tiny", storage="kept.db"), "--trials", "1")
        self.succeed(self.study("tiny", storage="kept.db"), "--trials", "1", "--storage", "sqlite:///given.db")
        self.assertEqual(self.names(), ["given.db", "kept.db", "tiny.json"])

    def test_several_studies_share_a_file(self):
        self.succeed(self.study("tiny"), "--trials", "2", "--storage", "all.db")
        output = self.succeed(self.study("tiny", file="other.json", name="other"), "--trials", "3", "--storage", "all.db")
        self.assertIn("--study=other", output)
        studies = json.loads(self.succeed("studies", "all.db", "-f", "json"))
        self.assertEqual([(study["name"], study["n_trials"]) for study in studies], [("tiny", 2), ("other", 3)])


if __name__ == "__main__":
    unittest.main()
