"""The limits of a study file: stagnation, which ends a study, max_trial_seconds, which ends a trial, and the limits on
what a trial may cost, which keep it from beginning."""

import json
import re
import statistics
import unittest

import optuna
from optuna.samplers._tpe.sampler import _split_trials
from program_test import ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)


def size_at_stagnation(trials, limit, lag):
    """After how many trials none begins, from (state, value) of each; larger values are better."""
    best_number, best_value = -1, None
    for number, (state, value) in enumerate(trials):
        if state == "COMPLETE" and (best_value is None or value > best_value):
            best_number, best_value = number, value
        if number - best_number >= limit:
            return number + lag
    return None


class Stagnation(ProgramTest):
    def trials(self):
        return self.rows("select state, value from trials left join trial_values using (trial_id) order by number",
                         db="tiny.db")

    def assert_ended(self, limit, lag):
        """At the trial that the values in the file demand, and not before."""
        trials = self.trials()
        self.assertEqual(len(trials), size_at_stagnation(trials, limit, lag))
        self.assertLess(len(trials), 100)

    def run_to_stagnation(self, study, limit, *arguments):
        code, output, messages = self.run_program(study, "--trials", "100", *arguments)
        self.assertEqual(code, 0, messages)
        self.assertIn(f"the last {limit} trials brought no better value: the study is complete", messages)
        self.assertIn(f"study tiny: {len(self.trials())} finished trials", output)
        return messages

    def test_one_job_ends_with_the_last_of_so_many_trials_that_found_nothing_better(self):
        for limit in (1, 4):
            study = self.study("tiny", limits={"stagnation": limit})
            self.run_to_stagnation(study, limit, "--jobs", "1")
            self.assert_ended(limit, lag=1)

    def test_the_same_command_says_so_again_and_begins_nothing(self):
        study = self.study("tiny", limits={"stagnation": 4})
        self.run_to_stagnation(study, 4, "--jobs", "1")
        before = self.finished_trials("tiny.db")
        for arguments in (("--jobs", "1"), ("--jobs", "2")):
            self.run_to_stagnation(study, 4, *arguments)
        self.assertEqual(self.finished_trials("tiny.db"), before)
        self.assertEqual(len(self.states("tiny.db")), len(before))
        # Before any data is looked for.
        self.path("empty").mkdir()
        self.run_to_stagnation(study, 4, "--data", "empty")
        self.assertIn("found none in empty", self.fail_with(1, self.study("tiny", limits={"stagnation": 40}), "--trials",
                                                            "100", "--data", "empty"))
        self.assertIn("nothing to do", self.succeed(study, "--trials", len(before)))

    def test_in_a_window_two_processes_end_at_the_same_trial_as_one_job(self):
        study = self.study("tiny", limits={"stagnation": 4}, reproducible={"window": 4})
        processes = [self.start(study, "--trials", "100", "--jobs", "2") for _ in range(2)]
        for process in processes:
            code, _, messages = self.finish(process)
            self.assertEqual(code, 0, messages)
            self.assertIn("brought no better value", messages)
        self.assert_ended(4, lag=4)
        self.succeed(study, "--trials", "100", "--jobs", "1", "--storage", "one.db")
        self.assertEqual(self.results("tiny.db"), self.results("one.db"))

    def test_what_waits_in_the_queue_still_runs(self):
        study = self.study("tiny", limits={"stagnation": 3})
        self.run_to_stagnation(study, 3, "--jobs", "1")
        n_trials = len(self.trials())
        self.succeed("enqueue", "tiny.db", "--params", '{"lr": 0.0001, "optimizer": "sgd"}')
        self.run_to_stagnation(study, 3, "--jobs", "1")
        self.assertEqual(len(self.trials()), n_trials + 1)
        self.assertNotIn("WAITING", self.states("tiny.db"))

    def test_a_larger_limit_lets_the_study_go_on(self):
        self.run_to_stagnation(self.study("tiny", limits={"stagnation": 2}), 2, "--jobs", "1")
        n_trials = len(self.trials())
        messages = self.run_to_stagnation(self.study("tiny", limits={"stagnation": 6}), 6, "--jobs", "1")
        self.assertIn("limits/stagnation: 2 is now 6", messages)
        self.assertGreater(len(self.trials()), n_trials)
        self.assert_ended(6, lag=1)

    def test_it_is_refused_for_several_objectives(self):
        several = [{"metric": "validation_accuracy", "direction": "maximize"},
                   {"metric": "parameter_count", "direction": "minimize"}]
        study = self.study("tiny", pruner=None, objectives=several, limits={"stagnation": 3})
        self.assertIn("/limits/stagnation", self.fail_with(2, study, "--trials", "1"))


class TrialSeconds(ProgramTest):
    def timed(self, seconds, epochs=200):
        """Trials of many short epochs of some milliseconds each."""
        return self.study("tiny", limits={"max_trial_seconds": seconds}, pruner={"type": "nop"},
                          objective={"type": "fmnist", "epochs": epochs, "training_examples": 500,
                                     "validation_examples": 500})

    def reports(self, number):
        return self.rows("select step, intermediate_value from trial_intermediate_values join trials using (trial_id)"
                         " where number = ? order by step", number, db="tiny.db")

    def test_a_long_trial_is_pruned_with_its_last_value_and_the_reason(self):
        # Epochs for minutes, and time for some of them on a machine with a hundred other things to do.
        self.succeed(self.timed(1, epochs=100000), "--trials", "4", "--jobs", "2")
        trials = json.loads(self.succeed("trials", "tiny.db", "-f", "json"))
        self.assertEqual([trial["state"] for trial in trials], ["PRUNED"] * 4)
        for trial in trials:
            reports = self.reports(trial["number"])
            self.assertEqual(trial["value"], reports[-1][1])
            self.assertEqual(len(reports), len(trial["user_attrs"]["curves"]["validation_accuracy"]))
            match = re.fullmatch(r"time limit reached in epoch (\d+)", trial["reason"])
            self.assertEqual(int(match.group(1)), len(reports) + 1)
            self.assertLess(len(reports), 100000)
            self.assertIn(trial["reason"], self.succeed("trials", "tiny.db"))

    def test_a_trial_within_the_limit_is_left_alone(self):
        self.succeed(self.timed(0.1), "--trials", "1")
        code, _, messages = self.run_program(self.timed(1000), "--trials", "2")
        self.assertEqual(code, 0, messages)
        self.assertIn("limits/max_trial_seconds: 0.1 is now 1000", messages)
        self.assertEqual(self.states("tiny.db"), ["PRUNED", "COMPLETE"])
        self.assertEqual(len(self.reports(1)), 200)

    def test_a_limit_that_is_no_time_is_refused(self):
        self.assertIn("/limits/max_trial_seconds: expected a number > 0",
                      self.fail_with(2, self.timed(0), "--trials", "1"))


class Cost(ProgramTest):
    """784 inputs, so 785 weights a unit of the first layer: 1000 units take about 12 MiB, 8 units a tenth."""

    WIDTHS = {"width": {"type": "categorical", "choices": [8, 1000]}}
    LIMITS = {"max_trial_memory_mib": 4}

    def limited(self, limits, **changes):
        return self.study("tiny", space=self.WIDTHS, fixed={"depth": 1, "batch_size": 100}, sampler={"type": "grid"},
                          limits=limits, **changes)

    def trials(self):
        """Width -> trial."""
        trials = json.loads(self.succeed("trials", "tiny.db", "-f", "json"))
        return {trial["params"]["width"]: trial for trial in trials}

    def constraints(self, number):
        return dict(self.rows("select key, cast(value_json as real) from trial_system_attributes join trials"
                              " using (trial_id) where number = ? and key like 'constraints%'", number, db="tiny.db"))

    def test_what_is_beyond_a_limit_is_pruned_before_it_is_trained(self):
        self.succeed(self.limited(self.LIMITS), "--trials", "2")
        wide, narrow = self.trials()[1000], self.trials()[8]
        self.assertEqual((wide["state"], wide["value"], wide["user_attrs"]), ("PRUNED", None, {}))
        self.assertEqual(self.rows("select count(*) from trial_intermediate_values join trials using (trial_id)"
                                   " where number = ?", wide["number"], db="tiny.db"), [(0,)])
        match = re.fullmatch(r"rejected before training: memory of ([\d.]+) MiB is estimated, the limit is 4 MiB",
                             wide["reason"])
        self.assertAlmostEqual(self.constraints(wide["number"])["constraints:memory_limit"],
                               float(match.group(1)) / 4 - 1, places=4)
        self.assertEqual(narrow["state"], "COMPLETE")
        self.assertLess(self.constraints(narrow["number"])["constraints:memory_limit"], 0)
        best = json.loads(self.succeed("best-trial", "tiny.db", "-f", "json"))
        self.assertEqual(best["params"]["width"], 8)

    def test_computation_has_a_limit_too(self):
        self.succeed(self.limited({"max_epoch_gflops": 0.1}), "--trials", "2")
        self.assertIn("GFLOP an epoch is estimated, the limit is 0.1 GFLOP", self.trials()[1000]["reason"])
        self.assertEqual(set(self.constraints(0)), {"constraints:compute_limit"})

    def test_optuna_reads_the_violation_and_puts_the_trial_last(self):
        self.succeed(self.limited(self.LIMITS), "--trials", "2")
        study = optuna.load_study(study_name="tiny", storage=f"sqlite:///{self.path('tiny.db')}")
        wide = next(trial for trial in study.trials if trial.params["width"] == 1000)
        self.assertGreater(wide.constraints["memory_limit"], 0)
        below, above = _split_trials(study, study.trials, 1)
        self.assertEqual([trial.number for trial in above], [wide.number])

    def searched(self, sampler, limits, **changes):
        space = {"width": {"type": "int", "low": 8, "high": 1000}}
        return self.study("tiny", name=sampler, space=space, fixed={"depth": 1}, limits=limits,
                          sampler={"type": sampler, "n_startup_trials": 4}, **changes)

    def rejected(self, db):
        """Trial by trial, whether it was."""
        return [state == "PRUNED" and not reports for state, reports in self.rows(
            "select state, (select count(*) from trial_intermediate_values v where v.trial_id = t.trial_id)"
            " from trials t order by number", db=db)]

    def test_tpe_goes_on_behind_rejected_trials(self):
        self.succeed(self.searched("tpe", self.LIMITS), "--trials", "30", "--jobs", "1")
        widths = [value for (value,) in self.rows("select param_value from trial_params order by trial_id", db="tpe.db")]
        # About 340 units take 4 MiB: of widths drawn at random the median is beyond the limit.
        self.assertTrue(any(self.rejected("tpe.db")), widths)
        self.assertLess(statistics.median(widths[15:]), 400, widths)

    def test_gp_tpe_suggests_nothing_beyond_a_limit(self):
        for limits in (self.LIMITS, {"max_epoch_gflops": 0.5}):
            db = f"{next(iter(limits))}.db"
            self.succeed(self.searched("gp_tpe", limits), "--trials", "20", "--jobs", "1", "--storage", db)
            self.assertEqual(self.rejected(db), [False] * 20)
            explained = [json.loads(self.succeed("explain", db, number, "-f", "json")) for number in range(20)]
            self.assertTrue(all(trial["confirmed"] for trial in explained))
            costly = [trial["costly"] for trial in explained]
            # Drawn at random, two thirds would be beyond the limit.
            self.assertTrue(any(costly[:4]) and any(costly[4:]), costly)
            number = next(number for number in range(4, 20) if costly[number] > 1)
            self.assertIn(f"; {costly[number]} configurations were left out, as estimated to cost more than the limits"
                          " allow", self.succeed("explain", db, number))

    def test_gp_tpe_leaves_out_the_same_when_it_is_resumed(self):
        study = self.searched("gp_tpe", self.LIMITS)
        for n_trials in (3, 9, 16):
            self.succeed(study, "--trials", n_trials, "--jobs", "1")
        self.succeed(study, "--trials", "16", "--jobs", "1", "--storage", "one.db")
        self.assertEqual(self.results("gp_tpe.db"), self.results("one.db"))

    def test_gp_tpe_goes_on_where_everything_is_beyond_the_limit(self):
        self.succeed(self.searched("gp_tpe", {"max_epoch_gflops": 0.001}), "--trials", "8", "--jobs", "1")
        self.assertEqual(self.rejected("gp_tpe.db"), [True] * 8)

    def test_what_cannot_be_estimated_fails_with_the_reason(self):
        space = {"batch_size": {"type": "categorical", "choices": [4096]},
                 "width": {"type": "int", "low": 8, "high": 1000}}
        study = self.study("tiny", space=space, fixed={"depth": 1}, limits=self.LIMITS, sampler={"type": "gp_tpe"})
        self.succeed(study, "--trials", "3", "--jobs", "1")
        for trial in json.loads(self.succeed("trials", "tiny.db", "-f", "json")):
            self.assertEqual(trial["state"], "FAIL")
            self.assertIn("batch_size: expected 1 to ", trial["reason"])

    def test_a_plan_has_what_the_study_would_begin_with(self):
        study = self.searched("gp_tpe", self.LIMITS)
        planned = [trial["params"] for trial in json.loads(self.succeed("plan", study, "-f", "json"))["configurations"]]
        self.assertNotIn("would be pruned", self.succeed("plan", study))
        self.succeed(study, "--trials", "1", "--jobs", "1")
        (first,) = json.loads(self.succeed("trials", "gp_tpe.db", "-f", "json"))
        self.assertEqual(planned[0], first["params"])

    def test_verify_holds_a_rejected_trial_against_the_limits_of_its_time(self):
        self.succeed(self.limited(self.LIMITS), "--trials", "2")
        number = self.trials()[1000]["number"]
        self.assertIn("identical", self.succeed("verify", "tiny.db", "--trial", number))
        self.succeed(self.limited({"max_trial_memory_mib": 5}), "--trials", "2")
        self.succeed("enqueue", "tiny.db", "--params", '{"width": 8}')
        code, _, messages = self.run_program(self.limited({"max_trial_memory_mib": 5}), "--trials", "3")
        self.assertEqual(code, 0, messages)
        self.assertIn("limits/max_trial_memory_mib: 4 is now 5", messages)
        self.assertIn("identical", self.succeed("verify", "tiny.db", "--trial", number))
        # Without the record of the change only the limit of today is known.
        self.change("delete from study_system_attributes where key = 'tune:changes'")
        code, output, _ = self.run_program("verify", "tiny.db", "--trial", number)
        self.assertEqual(code, 1)
        self.assertRegex(output, "not comparable: it was not trained: .*the limit is 4 MiB; now .*the limit is 5 MiB")

    def test_limits_that_are_none_are_refused(self):
        for limits in ({"max_trial_memory_mib": 0}, {"max_epoch_gflops": 0}, {"max_epoch_gflops": "1"}):
            (key,) = limits
            self.assertIn(f"/limits/{key}: expected ", self.fail_with(2, self.limited(limits), "--trials", "1"))


if __name__ == "__main__":
    unittest.main()
