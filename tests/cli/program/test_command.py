"""Objectives that are programs: what passes between them and the study, and how each of their ends counts."""

import json
import os
import pathlib
import signal
import sys
import time
import unittest

from program_test import LIMIT_SECONDS, ProgramTest

LR = {"lr": {"type": "float", "low": 0.1, "high": 1.0}}
STUDIES = pathlib.Path(__file__).resolve().parents[3] / "studies"


class CommandTest(ProgramTest):
    def command_study(self, *command, file="study.json", settings=None, **changes):
        content = {
            "name": "study",
            "objectives": [{"metric": "value", "direction": "minimize"}],
            "sampler": {"type": "random", "seed": 1},
            "objective": {"type": "command", "command": list(command), **(settings or {})},
            "space": LR,
            **changes,
        }
        self.path(file).write_text(json.dumps(content))
        return file

    def script(self, text, name="train.py"):
        """A script in the study's folder; returns the command that runs it."""
        self.path(name).write_text("import json, os, signal, subprocess, sys, time\n" + text)
        return [sys.executable, name]

    def python_study(self, text, *arguments, **changes):
        return self.command_study(*self.script(text), *arguments, **changes)

    def reason(self, number=0, db="study.db"):
        query = ("select value_json from trial_system_attributes join trials using (trial_id)"
                 " where number = ? and key = 'tune:reason'")
        rows = self.rows(query, number, db=db)
        return json.loads(rows[0][0]) if rows else None

    def attributes(self, number=0, db="study.db"):
        query = "select key, value_json from trial_user_attributes join trials using (trial_id) where number = ?"
        return {key: json.loads(value) for key, value in self.rows(query, number, db=db)}

    def log(self, number=0, study="study"):
        return self.path(f"study.db.logs/{study}/{number}.log").read_text()

    def run_one(self, study, **options):
        code, _, messages = self.run_program(study, "--trials", "1", "--jobs", "1", **options)
        self.assertIn(code, (0, 1), messages)
        return self.states("study.db")[0]

    def wait_for_file(self, name, process):
        deadline = time.monotonic() + LIMIT_SECONDS
        while not self.path(name).exists() or not self.path(name).read_text().endswith("\n"):
            self.assertIsNone(process.poll(), "the program ended too early")
            self.assertLess(time.monotonic(), deadline, f"no {name}")
            time.sleep(0.01)
        return self.path(name).read_text()

    def assert_gone(self, pid):
        """Killed ones that nobody has waited for yet are gone too."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            try:
                state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state in "ZX":
                return
            time.sleep(0.01)
        self.fail(f"process {pid} is still there")


class WhatPasses(CommandTest):
    def test_parameters_come_by_argument_environment_and_file(self):
        study = self.python_study(
            """
with open(os.environ["TUNE_PARAMS_FILE"]) as file:
    params = json.load(file)
own = {key: value for key, value in os.environ.items() if key.startswith("TUNE_")}
print(json.dumps({"value": 1, "user_attrs": {"argv": sys.argv[1:], "env": own, "params": params, "cwd": os.getcwd()}}))
""",
            "--lr={lr}", "{{literal}}", "$HOME `x` *", "--no={TUNE_TRIAL_NUMBER}", "--m={momentum}",
            space={**LR, "optimizer": {"type": "categorical", "choices": ["adam", True, 2]},
                   "momentum": {"type": "float", "low": 0, "high": 1, "when": {"optimizer": ["sgd"]}},
                   "a-b c": {"type": "int", "low": 3, "high": 3}} | {
                "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]}},
            fixed={"flag": True, "name": "a 'b' \"c\"\n漢"},
            points=[{"optimizer": "adam"}, {"optimizer": "sgd", "momentum": 0.25}])
        self.succeed(study, "--trials", "2", "--jobs", "1")
        first, second = self.attributes(0), self.attributes(1)
        params = first["params"]
        self.assertEqual(set(params), {"lr", "optimizer", "a-b c", "flag", "name"})
        self.assertEqual(params["name"], "a 'b' \"c\"\n漢")
        self.assertEqual(first["argv"], [f"--lr={params['lr']}", "{literal}", "$HOME `x` *", "--no=0"])
        self.assertEqual(second["argv"][-1], "--m=0.25")
        env = first["env"]
        self.assertEqual(float(env["TUNE_PARAM_lr"]), params["lr"])
        self.assertEqual(env["TUNE_PARAM_flag"], "true")
        self.assertEqual(env["TUNE_PARAM_name"], params["name"])
        self.assertNotIn("TUNE_PARAM_a-b c", env)
        self.assertEqual((env["TUNE_TRIAL_NUMBER"], env["TUNE_STUDY_NAME"], env["TUNE_DEVICE"]), ("0", "study", "cpu"))
        self.assertNotEqual(env["TUNE_SEED"], second["env"]["TUNE_SEED"])
        self.assertLess(int(env["TUNE_SEED"]), 2**31)
        self.assertFalse(os.path.exists(env["TUNE_PARAMS_FILE"]))
        self.assertEqual(first["cwd"], str(self.folder.resolve()))

    def test_values_reports_attributes_and_constraints_come_back(self):
        study = self.python_study("""
print("some text {", flush=True)
print("to errors", file=sys.stderr)
for step in (1, 2): print(json.dumps({"step": step, "value": step * 0.5}), flush=True)
print('{"constraints": [-1, 2]} ')
print('{"loss": 3}')
print('{"values": [0.1]}')
print('{"user_attrs": {"note": {"a": [1]}}}')
print('{"value": 0.75}', end="")
""")
        self.assertEqual(self.run_one(study), "COMPLETE")
        self.assertEqual(self.rows("select value from trial_values", db="study.db"), [(0.75,)])
        self.assertEqual(self.rows("select step, intermediate_value from trial_intermediate_values order by 1",
                                   db="study.db"), [(1, 0.5), (2, 1.0)])
        self.assertEqual(self.attributes()["note"], {"a": [1]})
        constraints = self.rows("select value_json from trial_system_attributes where key = 'constraints'", db="study.db")
        self.assertEqual(json.loads(constraints[0][0]), [-1, 2])
        log = self.log()
        for line in ("some text {\n", "to errors\n", '{"loss": 3}\n', "train.py", "exited with status 0"):
            self.assertIn(line, log)

    def test_attributes_keep_nan_and_infinity_as_python_writes_them(self):
        study = self.python_study("""
print(json.dumps({"value": 1, "user_attrs": {"odd": [float("nan"), {"a": float("-inf")}], "one": float("inf")}}))
""")
        self.assertEqual(self.run_one(study), "COMPLETE", self.reason())
        self.assertEqual(self.rows("select value_json from trial_user_attributes order by key", db="study.db"),
                         [('[NaN,{"a":-Infinity}]',), ("Infinity",)])
        trial = json.loads(self.succeed("best-trial", "study.db", "-f", "json"))
        self.assertEqual(trial["user_attrs"], {"odd": ["NaN", {"a": "-Infinity"}], "one": "Infinity"})

    def test_several_objectives_take_a_list_of_values(self):
        study = self.python_study("print('{\"values\": [1, -2.5]}')",
                                  objectives=[{"metric": "a", "direction": "minimize"},
                                              {"metric": "b", "direction": "maximize"}])
        self.assertEqual(self.run_one(study), "COMPLETE")
        self.assertEqual(self.rows("select value from trial_values order by objective", db="study.db"), [(1,), (-2.5,)])

    def test_the_environment_keeps_a_trial_on_the_cpu_to_itself(self):
        study = self.python_study("""
names = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE")
print(json.dumps({"value": 1, "user_attrs": {name: os.environ.get(name) for name in names}}))
""")
        base = {key: value for key, value in os.environ.items() if not key.startswith(("OMP", "MKL", "OPENBLAS"))}
        self.run_one(study, env={**base, "OMP_NUM_THREADS": "3", "OPENBLAS_CORETYPE": "Haswell",
                                 "CUDA_VISIBLE_DEVICES": "0,1"})
        self.assertEqual(self.attributes(), {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "1",
                                             "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"})

    def test_the_study_of_the_repository_learns(self):
        self.succeed(STUDIES / "command.json", "--trials", "3")
        values = [value for (value,) in self.rows("select value from trial_values", db="command.db")]
        self.assertGreater(max(values), 0.5)
        self.assertEqual(set(self.states("command.db")), {"COMPLETE"})

    def test_a_program_in_cpp_is_searched_too(self):
        folder = pathlib.Path(os.environ["FMNIST_TUNE_ROSENBROCK"])
        self.path("rosenbrock").symlink_to(folder)
        source = STUDIES / "examples/command/rosenbrock.json"
        self.path("rosenbrock.json").write_text(source.read_text())
        self.succeed("rosenbrock.json", "--trials", "40", "--jobs", "2")
        states = self.states("rosenbrock.db")
        self.assertIn("PRUNED", states)
        self.assertNotIn("FAIL", states)
        best = json.loads(self.succeed("best-trial", "rosenbrock.db", "-f", "json"))
        self.assertLess(best["value"], 1.0)


class HowItEnds(CommandTest):
    def assert_fails(self, text, *parts, **changes):
        self.assertEqual(self.run_one(self.python_study(text, **changes)), "FAIL")
        for part in parts:
            self.assertIn(part, self.reason())

    def test_another_status_than_0_is_a_failure_with_the_last_words(self):
        self.assert_fails("print('{\"value\": 1}', flush=True)\nraise ValueError('bad <shape>')",
                          "exited with status 1", "ValueError: bad <shape>", "study.db.logs/study/0.log")
        self.assertIn("Traceback", self.log())

    def test_last_words_need_no_end_of_line_and_are_cut_between_characters(self):
        self.assert_fails("sys.stderr.write('first\\nlast' + 'x' * 295 + '漢字')\nsys.exit(1)", "last words: lastxxx")
        self.assertNotIn("\ufffd", self.reason())
        self.assertNotIn("漢", self.reason())

    def test_a_run_that_was_born_with_sigchld_ignored_knows_how_its_programs_end(self):
        process = self.start(self.python_study("print('{\"value\": 1}')"), "--trials", "2",
                             wrapper=("env", "--ignore-signal=CHLD"))
        code, _, messages = self.finish(process)
        self.assertEqual(code, 0, messages)
        self.assertEqual(self.states("study.db"), ["COMPLETE", "COMPLETE"])

    def test_a_log_that_cannot_be_written_fails_no_trial(self):
        self.path("study.db.logs/study").mkdir(parents=True)
        self.path("study.db.logs/study/0.log").symlink_to("/dev/full")
        study = self.python_study("print('{\"value\": 1}', flush=True)\nopen('finished', 'w')")
        self.assertEqual(self.run_one(study), "COMPLETE", self.reason())
        self.assertTrue(self.path("finished").exists())
        self.assertIn("No space left on device", self.attributes()["log_problem"])

    def test_a_line_of_deeply_nested_json_is_a_failure_and_not_the_end_of_the_run(self):
        self.assert_fails("print('{\"user_attrs\": {\"a\": ' + '[' * 400000 + ']' * 400000 + '}}')",
                          "expected at most 1000 levels of nesting")

    def test_a_signal_is_a_failure(self):
        self.assert_fails("os.kill(os.getpid(), signal.SIGSEGV)", "was ended by signal 11")

    def test_no_value_is_a_failure(self):
        self.assert_fails("print('{\"step\": 1, \"value\": 3}')", "said no value", '{"value": 0.83}')

    def test_another_number_of_values_is_a_failure(self):
        self.assert_fails("print('{\"values\": [1, 2]}')", "said 2 value(s), the study has 1 objective(s)")

    def test_a_value_that_is_no_number_is_a_failure_at_once(self):
        self.assert_fails("print('{\"value\": \"high\"}', flush=True)\ntime.sleep(1000)",
                          'expected a number, found "high"')

    def test_garbage_is_only_kept(self):
        study = self.python_study("""
sys.stdout.buffer.write(bytes(range(256)) * 4000)
sys.stdout.buffer.write(b"{" * 3000000 + b"\\n[1,2]\\n{\\"value\\": 1}\\n")
""")
        self.assertEqual(self.run_one(study), "COMPLETE")
        self.assertGreater(self.path("study.db.logs/study/0.log").stat().st_size, 4_000_000)

    def test_a_nan_is_a_failure_as_everywhere(self):
        self.assertEqual(self.run_one(self.python_study("print(json.dumps({'value': float('nan')}))")), "FAIL")

    def test_a_timeout_is_a_failure_and_whoever_ignores_it_is_killed(self):
        self.assert_fails("""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(1000)"])
with open("pids", "w") as file: print(os.getpid(), child.pid, file=file)
time.sleep(1000)
""", "took longer than 1.5 s", settings={"timeout_seconds": 1.5, "grace_seconds": 0.2})
        self.assertIn("signal 9", self.log())
        for pid in self.path("pids").read_text().split():
            self.assert_gone(pid)

    def test_a_time_limit_prunes(self):
        study = self.python_study("print('{\"step\": 1, \"value\": 3}', flush=True)\ntime.sleep(1000)",
                                  limits={"max_trial_seconds": 1})
        self.assertEqual(self.run_one(study), "PRUNED")
        self.assertEqual(self.rows("select value from trial_values", db="study.db"), [(3,)])

    def test_a_pruned_program_may_tidy_up_in_its_grace_time(self):
        study = self.python_study("""
def tidy_up(*_):
    open("tidy-" + os.environ["TUNE_TRIAL_NUMBER"], "w").close()
    print('{"value": 0}', flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, tidy_up)
print(json.dumps({"step": 1, "value": 5 if os.environ["TUNE_TRIAL_NUMBER"] == "1" else 1}), flush=True)
if os.environ["TUNE_TRIAL_NUMBER"] == "1": time.sleep(1000)
print('{"value": 1}')
""", pruner={"type": "threshold", "upper": 3})
        self.succeed(study, "--trials", "3", "--jobs", "1")
        self.assertEqual(self.states("study.db"), ["COMPLETE", "PRUNED", "COMPLETE"])
        self.assertTrue(self.path("tidy-1").exists())
        self.assertEqual(self.rows("select value from trial_values join trials using (trial_id) where number = 1",
                                   db="study.db"), [(5,)])

    def test_a_program_may_prune_itself(self):
        self.assertEqual(self.run_one(self.python_study("print('{\"pruned\": \"diverged\"}')")), "PRUNED")
        reasons = self.rows("select value_json from trial_system_attributes where key = 'tune:reason'", db="study.db")
        self.assertEqual(json.loads(reasons[0][0]), "diverged")

    def test_what_a_program_leaves_behind_is_ended_and_its_value_counts(self):
        study = self.python_study("""
child = subprocess.Popen([sys.executable, "-c",
                          "import signal, time; signal.signal(15, 1); print('ready', flush=True); time.sleep(1000)"],
                         stdout=subprocess.PIPE)
child.stdout.readline()
silent = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
with open("pids", "w") as file: print(child.pid, silent.pid, file=file)
print('{"value": 2}', flush=True)
os._exit(0)
""", settings={"grace_seconds": 0.1})
        self.assertEqual(self.run_one(study), "COMPLETE")
        for pid in self.path("pids").read_text().split():
            self.assert_gone(pid)

    def test_a_missing_program_is_told_before_anything_is_written(self):
        for command, part in ((["no-such-program"], "PATH"), (["./absent.sh", "{lr}"], "is not there"),
                              (["./study.json"], "chmod +x")):
            messages = self.fail_with(1, self.command_study(*command), "--trials", "1")
            self.assertIn(part, messages)
        self.assertEqual(self.names(), ["study.json"])

    def test_wrong_placeholders_are_told_with_their_place(self):
        study = self.command_study("python3", "{lrr}", "{", "{lr}", 3)
        messages = self.fail_with(2, study, "--trials", "1")
        self.assertIn("/objective/command/2: expected a \"}\" for every \"{\"", messages)
        self.assertIn("/objective/command/4: expected a text", messages)
        messages = self.fail_with(2, self.command_study("python3", "{lrr}"), "--trials", "1")
        self.assertIn("/objective/command/1: expected a placeholder for a parameter of \"space\" or \"fixed\": \"lr\"",
                      messages)
        self.assertIn('found "{lrr}" (did you mean "lr"?)', messages)
        messages = self.fail_with(2, self.command_study("{lr}"), "--trials", "1")
        self.assertIn("/objective/command/0: expected the name or path of a program, without placeholders", messages)


class SeveralAtOnce(CommandTest):
    SLOW = """
number = os.environ["TUNE_TRIAL_NUMBER"]
with open("pid-" + number, "w") as file: print(os.getpid(), file=file)
print('{"step": 1, "value": 1}', flush=True)
while not os.path.exists("go"): time.sleep(0.01)
print(json.dumps({"value": float(os.environ["TUNE_PARAM_lr"])}))
"""

    def started(self, process, *numbers):
        return [int(self.wait_for_file(f"pid-{number}", process)) for number in numbers]

    def test_ctrl_c_puts_the_trials_back_and_ends_their_programs(self):
        study = self.python_study(self.SLOW)
        process = self.start(study, "--trials", "4", "--jobs", "2")
        pids = self.started(process, 0, 1)
        process.send_signal(signal.SIGINT)
        code, _, messages = self.finish(process)
        self.assertEqual(code, 130, messages)
        self.assertEqual(self.states("study.db"), ["WAITING", "WAITING"])
        for pid in pids:
            self.assert_gone(pid)
        self.path("go").touch()
        self.succeed(study, "--trials", "4", "--jobs", "2")
        self.assertEqual(self.states("study.db"), ["COMPLETE"] * 4)
        self.assertEqual(self.log().count("train.py"), 2)  # Both attempts.

    def test_programs_go_with_a_killed_run_and_their_trials_are_taken_over(self):
        study = self.python_study(self.SLOW)
        for sent in (signal.SIGKILL,):
            process = self.start(study, "--trials", "2", "--jobs", "2")
            pids = self.started(process, 0, 1)
            process.send_signal(sent)
            process.wait(LIMIT_SECONDS)
            for pid in pids:
                self.assert_gone(pid)
        self.path("go").touch()
        self.succeed(study, "--trials", "2")
        self.assertEqual(self.states("study.db"), ["COMPLETE"] * 2)

    def test_a_second_ctrl_c_ends_programs_that_take_their_time(self):
        study = self.python_study("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + self.SLOW,
                                  settings={"grace_seconds": 1000})
        self.path("temporary").mkdir()
        environment = {**os.environ, "TMPDIR": str(self.path("temporary"))}
        with open(self.path("messages"), "w", encoding="utf-8") as messages:
            process = self.start(study, "--trials", "1", "--jobs", "1", stderr=messages, env=environment)
        (pid,) = self.started(process, 0)
        self.assertTrue(os.listdir(self.path("temporary")))
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + LIMIT_SECONDS
        while "stopping" not in self.path("messages").read_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT_SECONDS), 130)
        self.assert_gone(pid)
        self.assertEqual(os.listdir(self.path("temporary")), [])

    def test_several_processes_with_several_jobs_share_a_study(self):
        study = self.python_study("print(json.dumps({'value': float(os.environ['TUNE_PARAM_lr'])}))")
        runs = [self.start(study, "--trials", "24", "--jobs", "3") for _ in range(2)]
        for process in runs:
            code, _, messages = self.finish(process)
            self.assertEqual(code, 0, messages)
        self.assertEqual(self.states("study.db"), ["COMPLETE"] * 24)
        pairs = self.rows("select value, param_value from trial_values join trial_params using (trial_id)", db="study.db")
        self.assertEqual(len(pairs), 24)
        for value, param in pairs:
            self.assertEqual(value, param)
        self.assertEqual(len(list(self.path("study.db.logs/study").iterdir())), 24)
        self.assert_sound("study.db")


class OtherCommands(CommandTest):
    SEEDED = """
import random
random.seed(int(os.environ["TUNE_SEED"]))
for step in range(3): print(json.dumps({"step": step, "value": random.random()}), flush=True)
print(json.dumps({"value": random.random() + float(sys.argv[1])}))
"""

    def finished(self):
        study = self.python_study(self.SEEDED, "{lr}")
        self.succeed(study, "--trials", "3", "--jobs", "1")
        return study

    def test_verify_runs_it_again_when_the_file_is_trusted(self):
        self.finished()
        self.assertIn("--trust", self.fail_with(2, "verify", "study.db", "--trial", "1"))
        answer = self.succeed("verify", "study.db", "--trial", "1", "--trust")
        self.assertIn("identical", answer)
        self.path("train.py").write_text(self.path("train.py").read_text() + "\n")
        code, output, messages = self.run_program("verify", "study.db", "--trial", "1", "--trust")
        self.assertEqual((code, messages), (1, ""))
        self.assertIn("not comparable: files", output)

    def test_a_changed_script_is_told_when_the_study_goes_on(self):
        study = self.finished()
        self.path("train.py").write_text(self.path("train.py").read_text() + "\n")
        code, _, messages = self.run_program(study, "--trials", "4")
        self.assertEqual(code, 0)
        self.assertIn("files: ", messages)
        self.assertIn(" is now ", messages)

    def test_another_command_is_refused_and_another_timeout_is_not(self):
        study = self.finished()
        command = json.loads(self.path(study).read_text())["objective"]["command"]
        self.command_study(*command, settings={"timeout_seconds": 100})
        self.succeed(study, "--trials", "4")
        self.command_study(*command, "more")
        self.assertIn("objective/command", self.fail_with(2, study, "--trials", "5"))

    def test_confirm_runs_it_with_new_seeds(self):
        self.finished()
        self.assertIn("--trust", self.fail_with(2, "confirm", "study.db", "--top", "2", "--replicates", "2"))
        self.succeed("confirm", "study.db", "--top", "2", "--replicates", "2", "--trust", "--jobs", "1", "--quiet")
        self.assertEqual(self.states("study.db"), ["COMPLETE"] * 7)
        self.assertTrue(self.path("study.db.logs/study-confirm/3.log").exists())

    def test_retrain_says_that_a_command_keeps_its_own_models(self):
        self.finished()
        self.assertIn("keeps its models itself", self.fail_with(2, "retrain", "study.db"))

    def test_plan_looks_at_the_space_and_runs_nothing(self):
        study = self.python_study("open('ran', 'w')")
        self.assertIn("what a program costs is not known", self.succeed("plan", study))
        self.assertEqual(self.names(), ["study.json", "train.py"])
        self.assertIn("PATH", self.fail_with(1, "plan", self.command_study("no-such-program")))

    def test_queries_run_nothing(self):
        self.finished()
        self.path("train.py").write_text("open('ran', 'w')\n")
        for command in ("best-trial", "trials", "studies", "best-trials"):
            self.succeed(command, "study.db")
        self.succeed("explain", "study.db", "1")
        self.succeed("enqueue", "study.db", "--params", '{"lr": 0.5}')
        self.assertFalse(self.path("ran").exists())

    def test_logs_go_with_their_study_and_can_be_switched_off(self):
        self.finished()
        self.assertTrue(self.path("study.db.logs").exists())
        self.succeed("delete-study", "study.db", "--study", "study", "--yes")
        self.assertFalse(self.path("study.db.logs").exists())
        self.succeed(self.python_study(self.SEEDED, "{lr}", settings={"log_mib": 0}), "--trials", "1")
        self.assertFalse(self.path("study.db.logs").exists())


if __name__ == "__main__":
    unittest.main()
