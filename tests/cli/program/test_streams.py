"""Standard streams that are closed, full or read by nobody: the program still ends as it should."""

import shlex
import shutil
import subprocess
import unittest

from program_test import DATA, PROGRAM, ProgramTest


class Streams(ProgramTest):
    def exit_code(self, arguments, redirections):
        """Of the program behind a shell's redirections."""
        command = f"exec {shlex.quote(PROGRAM)} {arguments} {redirections}"
        return subprocess.run(["/bin/sh", "-c", command], cwd=self.folder, stdin=subprocess.DEVNULL,
                              check=False).returncode

    def test_an_error_that_cannot_be_told_keeps_its_exit_code(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("x.db"))
        for redirections in ("2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"):
            for arguments, expected in (("missing.json", 2), ("", 2), ("trails", 2), ("trials missing.db", 1),
                                        ("best-trial x.db --study no-complete", 1)):
                self.assertEqual(self.exit_code(arguments, redirections), expected, (arguments, redirections))

    def test_a_result_that_cannot_be_written_is_a_failure_without_a_message_too(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("x.db"))
        for arguments in ("studies x.db", "--help", "run --help", "trials x.db --study single-min"):
            self.assertEqual(self.exit_code(arguments, ">/dev/full 2>/dev/full"), 1, arguments)

    def test_a_run_with_closed_streams_writes_nothing_into_its_file(self):
        study = self.study("tiny")
        self.assertEqual(self.exit_code(f"{study} --trials 3", "<&- >&- 2>&-"), 0)
        self.assertEqual(len(self.finished_trials("tiny.db")), 3)
        self.assert_sound("tiny.db")

    def test_a_run_goes_on_when_its_messages_cannot_be_written(self):
        study = self.study("tiny")
        self.assertEqual(self.exit_code(f"{study} --trials 3", ">/dev/null 2>/dev/full"), 0)
        self.assertEqual(len(self.finished_trials("tiny.db")), 3)


if __name__ == "__main__":
    unittest.main()
