"""Real Optuna and the program on one file, in turns."""

import json
import unittest
from random import Random

import numpy
import optuna
from optuna._hypervolume import compute_hypervolume
from optuna.study import StudyDirection
from optuna.trial import TrialState
from program_test import ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest(trial):
    """The space of tiny.json in Optuna's words; the value needs no training."""
    learning_rate = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd":
        trial.suggest_float("momentum", 0.0, 0.9)
    for layer in range(trial.suggest_int("depth", 1, 2)):
        trial.suggest_int(f"width_l{layer}", 8, 32, log=True)
    return 0.5 - learning_rate


def hypervolume(study, point):
    """Optuna's volume of the feasible trials that are no worse than the point."""
    signs = numpy.array([-1.0 if direction == StudyDirection.MAXIMIZE else 1.0 for direction in study.directions])
    losses = [signs * trial.values for trial in study.get_trials(states=(TrialState.COMPLETE,))
              if all(value <= 0 for value in trial.constraints.values())]
    counted = [loss for loss in losses if (loss <= signs * point).all()]
    return compute_hypervolume(numpy.array(counted).reshape(-1, len(signs)), signs * point)


class Optuna(ProgramTest):
    def url(self, name):
        return f"sqlite:///{self.path(name)}"

    def load(self, name="tiny.db", study="tiny"):
        return optuna.load_study(study_name=study, storage=self.url(name))

    def test_optuna_loads_and_continues_our_study_and_we_go_on_after_it(self):
        study_file = self.study("tiny")
        self.succeed(study_file, "--trials", "6")
        study = self.load()
        answer = json.loads(self.succeed("best-trial", "tiny.db", "-f", "json"))
        self.assertEqual(study.best_trial.number, answer["number"])
        self.assertEqual(study.best_params, answer["params"])
        self.assertEqual(study.metric_names, ["validation_accuracy"])
        ours = [(trial.number, trial.state, trial.params, trial.intermediate_values) for trial in study.trials]
        study.optimize(suggest, n_trials=3)
        self.succeed(study_file, "--trials", "12")
        trials = self.load().trials
        self.assertEqual([(trial.number, trial.state, trial.params, trial.intermediate_values) for trial in trials[:6]],
                         ours)
        self.assertEqual([trial.number for trial in trials], list(range(12)))
        self.assertTrue(all(trial.state.is_finished() for trial in trials))

    def test_a_study_begun_by_optuna_goes_on_here(self):
        study = optuna.create_study(study_name="tiny", storage=self.url("tiny.db"), direction="maximize")
        study.optimize(suggest, n_trials=4)
        code, _, messages = self.run_program(self.study("tiny"), "--trials", "7")
        self.assertEqual(code, 0, messages)
        self.assertIn("another program", messages)
        self.assertEqual(len(self.load().trials), 7)
        # From now on it is held against its study file.
        space = json.loads(self.path("tiny.json").read_text())["space"]
        del space["momentum"]
        self.fail_with(2, self.study("tiny", space=space), "--trials", "9")

    def test_what_optuna_enqueued_is_run_here(self):
        study = optuna.create_study(study_name="tiny", storage=self.url("tiny.db"), direction="maximize")
        study.enqueue_trial({"lr": 0.05, "optimizer": "adam"})
        self.succeed(self.study("tiny"), "--trials", "2")
        first = self.load().trials[0]
        self.assertEqual((first.params["lr"], first.params["optimizer"]), (0.05, "adam"))

    def test_a_study_of_optuna_with_another_space_or_direction_is_refused_and_left_alone(self):
        study = optuna.create_study(study_name="tiny", storage=self.url("tiny.db"), direction="maximize")
        study.optimize(lambda trial: trial.suggest_float("lr", 0.1, 1.0), n_trials=2)
        optuna.create_study(study_name="other", storage=self.url("tiny.db"), direction="minimize")
        before = self.digest("tiny.db")
        self.assertIn("lr", self.fail_with(2, self.study("tiny"), "--trials", "4"))
        other = self.study("tiny", file="other.json", name="other", storage="tiny.db")
        self.assertIn("maximize", self.fail_with(2, other, "--trials", "4"))
        self.assertEqual(self.digest("tiny.db"), before)

    def test_best_trial_of_ten_thousand_is_the_one_optuna_names(self):
        storage = optuna.storages.InMemoryStorage()
        study = optuna.create_study(study_name="many", storage=storage, direction="minimize")
        distribution = {"x": optuna.distributions.FloatDistribution(0, 10_000)}
        study.add_trials([optuna.trial.create_trial(params={"x": float(i)}, distributions=distribution,
                                                    value=float((i * 7919 + 5) % 10_007)) for i in range(10_000)])
        self.copy_by_sql(study)
        answer = json.loads(self.succeed("best-trial", "many.db", "-f", "json"))
        self.assertEqual((answer["number"], answer["value"]), (study.best_trial.number, study.best_value))

    def test_best_trials_and_hypervolume_are_those_of_optuna(self):
        random = Random(5)
        for index in range(12):
            n_objectives = 2 + index % 3
            directions = [random.choice(["minimize", "maximize"]) for _ in range(n_objectives)]
            study = optuna.create_study(study_name=f"s{index}", storage=self.url("many.db"), directions=directions)
            study.add_trials([self.random_trial(random, n_objectives) for _ in range(random.randint(1, 30))])
            # The worst of interest: some trials are beyond it.
            point = [4.0 if direction == "minimize" else 1.0 for direction in directions]
            expected = [trial.number for trial in study.best_trials]
            arguments = ("best-trials", "many.db", f"--study=s{index}", "-f", "json")
            if not expected:
                self.fail_with(1, *arguments)
                continue
            self.assertEqual([trial["number"] for trial in json.loads(self.succeed(*arguments))], expected)
            answer = json.loads(self.succeed(*arguments, "--reference-point", ",".join(map(str, point))))
            self.assertAlmostEqual(float(answer["hypervolume"]), hypervolume(study, point), places=9)

    @staticmethod
    def random_trial(random, n_objectives):
        """Few different values, so that trials are equal in some of them, or in all; some infinite or infeasible."""
        state = random.choices([TrialState.COMPLETE, TrialState.FAIL], [6, 1])[0]
        values = [random.choice([0, 1, 2, 3, 4, 5, 2.5, float("inf"), float("-inf")]
                                if random.random() < 0.1 else [0, 1, 2, 3, 4, 5]) for _ in range(n_objectives)]
        attributes = {"constraints": [random.choice([-1.0, 0.0, 0.5])]} if random.random() < 0.3 else {}
        return optuna.trial.create_trial(state=state, system_attrs=attributes,
                                         values=values if state == TrialState.COMPLETE else None)

    def copy_by_sql(self, study):
        """Adding 10,000 trials one by one through Optuna's SQL storage takes minutes."""
        import sqlite3
        optuna.create_study(study_name="many", storage=self.url("many.db"), direction="minimize").add_trial(
            study.trials[0])
        connection = sqlite3.connect(self.path("many.db"))
        (number, *trial), = connection.execute("select number, study_id, state, datetime_start, datetime_complete from trials")
        (json_text,), = connection.execute("select distribution_json from trial_params")
        for row in study.trials[1:]:
            connection.execute("insert into trials (trial_id, number, study_id, state, datetime_start, datetime_complete)"
                               " values (?, ?, ?, ?, ?, ?)", (row.number + 1, number + row.number, *trial))
            connection.execute("insert into trial_values (trial_id, objective, value, value_type) values (?, 0, ?, 'FINITE')",
                               (row.number + 1, row.value))
            connection.execute("insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                               " values (?, 'x', ?, ?)", (row.number + 1, row.params["x"], json_text))
        connection.commit()
        connection.close()


if __name__ == "__main__":
    unittest.main()
