"""Studies deleted for good, and only when that was meant."""

import json
import os
import pathlib
import pty
import shutil
import sqlite3
import subprocess
import unittest

import optuna
from program_test import DATA, LIMIT_SECONDS, PROGRAM, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)
OTHER = "single-max / ünï"


class DeleteStudy(ProgramTest):
    def setUp(self):
        super().setUp()
        shutil.copyfile(DATA / "db" / "single.db", self.path("single.db"))
        self.url = f"sqlite:///{self.path('single.db')}"

    def test_a_study_goes_with_all_its_rows_and_the_others_stay(self):
        kept = [trial.number for trial in optuna.load_study(study_name="single-min", storage=self.url).trials]
        text = self.succeed("delete-study", "single.db", "--study", OTHER, "--yes")
        self.assertIn(f'deleted study "{OTHER}" in single.db: ', text)
        self.assertNotIn(OTHER, optuna.get_all_study_names(self.url))
        self.assertEqual([trial.number for trial in optuna.load_study(study_name="single-min",
                                                                     storage=self.url).trials], kept)
        for table in ("trial_values", "trial_params", "trial_intermediate_values", "trial_user_attributes",
                      "trial_system_attributes", "trial_heartbeats"):
            query = f"select count(*) from {table} where trial_id not in (select trial_id from trials)"
            self.assertEqual(self.rows(query, db="single.db"), [(0,)])
        self.assert_sound("single.db")

    def test_the_checkpoints_of_the_study_go_and_those_of_others_stay(self):
        folder = self.path("single.db.checkpoints")
        folder.mkdir()
        files = {study: folder / f"{self.stable_hash(study):016x}-{number}.checkpoint"
                 for study, number in ((OTHER, 3), ("single-min", 25))}
        for file in files.values():
            file.write_bytes(b"anything")
        self.succeed("delete-study", "single.db", "--study", OTHER, "--yes")
        self.assertEqual([file.exists() for file in files.values()], [False, True])

    @staticmethod
    def stable_hash(text):
        """FNV-1a of 64 bits, which names the files of a study."""
        value = 0xcbf29ce484222325
        for byte in text.encode():
            value = (value ^ byte) * 0x100000001b3 % 2 ** 64
        return value

    def test_a_script_must_say_yes(self):
        before = self.digest("single.db")
        message = self.fail_with(2, "delete-study", "single.db", "--study", OTHER)
        self.assertIn("--yes", message)
        self.assertIn(f'study "{OTHER}" in single.db: ', message)
        self.assertEqual(self.digest("single.db"), before)

    def test_the_study_must_be_named_and_there(self):
        self.assertIn("--study", self.fail_with(2, "delete-study", "single.db", "--yes"))
        message = self.fail_with(2, "delete-study", "single.db", "--study", "single-max", "--yes")
        self.assertIn('did you mean "single-min"?', message)

    def test_trials_that_may_run_stand_in_the_way_unless_forced(self):
        before = self.digest("single.db")
        message = self.fail_with(1, "delete-study", "single.db", "--study", "single-min", "--yes")
        self.assertIn("--force", message)
        self.assertEqual(self.digest("single.db"), before)
        self.succeed("delete-study", "single.db", "--study", "single-min", "--yes", "--force")
        self.assertNotIn("single-min", optuna.get_all_study_names(self.url))

    def test_a_trial_of_a_dead_process_of_ours_does_not(self):
        self.mark_running({"pid": 2 ** 22 + 1})
        self.succeed("delete-study", "single.db", "--study", "single-min", "--yes")

    def mark_running(self, changes):
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        mark = {"host": os.uname().nodename, "boot_id": boot, "pid": 1, "start_time": 1,
                "pid_namespace": os.stat("/proc/self/ns/pid").st_ino, "epoch": 0, **changes}
        connection = sqlite3.connect(self.path("single.db"))
        connection.execute("insert into trial_system_attributes (trial_id, key, value_json)"
                           " select trial_id, 'tune:owner', ? from trials join studies using (study_id)"
                           " where state = 'RUNNING' and study_name = 'single-min'", (json.dumps(mark),))
        connection.commit()
        connection.close()

    def ask_on_terminal(self, reply):
        controller, terminal = pty.openpty()
        self.addCleanup(os.close, controller)
        process = subprocess.Popen([PROGRAM, "delete-study", "single.db", "--study", OTHER], cwd=self.folder,
                                   stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True)
        os.close(terminal)
        self.addCleanup(process.stdout.close)
        shown = b""
        while b"Type yes" not in shown:
            shown += os.read(controller, 1024)
        os.write(controller, reply)
        output = process.stdout.read()
        return process.wait(timeout=LIMIT_SECONDS), output, shown.decode()

    def test_a_person_is_asked(self):
        code, output, shown = self.ask_on_terminal(b"no\n")
        self.assertEqual((code, output), (1, ""))
        self.assertIn(f'study "{OTHER}" in single.db: ', shown)
        self.assertIn(OTHER, optuna.get_all_study_names(self.url))
        code, output, _ = self.ask_on_terminal(b"yes\n")
        self.assertEqual(code, 0)
        self.assertIn("deleted", output)
        self.assertNotIn(OTHER, optuna.get_all_study_names(self.url))


if __name__ == "__main__":
    unittest.main()
