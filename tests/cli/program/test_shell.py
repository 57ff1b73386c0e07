"""What shells and manuals make of the program's option tables."""

import os
import pathlib
import pty
import re
import select
import subprocess
import time
import unittest

from program_test import LIMIT_SECONDS, PROGRAM, ProgramTest

FOLDER = str(pathlib.Path(PROGRAM).resolve().parent)


def quoted(words):
    return " ".join(f"'{word}'" for word in words)


class Completion(ProgramTest):
    def bash(self, *words):
        """What bash offers for the last of the words."""
        script = self.path("completion.bash")
        if not script.exists():
            script.write_text(self.succeed("completion", "bash"))
        words = ["fmnist-tune", *words]
        commands = (f"source {script}\nCOMP_WORDS=({quoted(words)})\nCOMP_CWORD={len(words) - 1}\n"
                    "_fmnist_tune\nprintf '%s\\n' \"${COMPREPLY[@]}\"")
        answer = subprocess.run(["bash", "--norc", "-c", commands], cwd=self.folder, text=True, capture_output=True,
                                check=True)
        self.assertEqual(answer.stderr, "")
        return sorted(answer.stdout.split())

    def commands(self):
        overview = self.succeed("--help").partition("Commands:\n")[2].partition("\n\n")[0]
        names = [line[2:20].replace(",", " ").split() for line in overview.splitlines() if line.startswith("  ")]
        return [name for aliases in names for name in aliases]

    def test_bash_offers_every_command_and_the_files_at_first(self):
        self.path("best.json").write_text("{}")
        self.assertEqual(self.bash("best"), sorted(["best", "best-trial", "best-trials", "best.json"]))
        self.assertLessEqual(set(self.commands()), set(self.bash("")))

    def test_bash_offers_the_options_that_the_help_of_each_command_names(self):
        for command in self.commands():
            if command == "help":
                continue
            options = re.findall(r"^  (?:-\w \[ )?(--[a-z-]+)", self.succeed(command, "--help"), re.M)
            self.assertEqual(self.bash(command, "--"), sorted(options), command)

    def test_bash_offers_what_an_option_takes(self):
        self.path("mine.db").write_text("")
        self.path("data").mkdir()
        self.assertEqual(self.bash("trials", "mine.db", "-f", ""), ["csv", "json", "table"])
        self.assertEqual(self.bash("trials", "--storage", "m"), ["mine.db"])
        self.assertEqual(self.bash("plan", "x.json", "--data", ""), ["data"])
        self.assertEqual(self.bash("trials", "--last", ""), [])
        self.assertEqual(self.bash("trials", "--format", "=", "j"), ["json"])
        self.assertEqual(self.bash("trials", "--format", "="), ["csv", "json", "table"])
        self.assertEqual(self.bash("completion", ""), ["bash", "zsh"])
        self.assertEqual(self.bash("help", "best-tria"), ["best-trial", "best-trials"])

    def test_commands_take_every_word_that_is_offered_for_an_option(self):
        for command in self.commands():
            for option in ("--format", "--state", "--log-level", "--evaluator"):
                if command == "help" or option not in self.bash(command, "--"):
                    continue
                for word in self.bash(command, option, ""):
                    _, _, messages = self.run_program(command, "missing", option, word)
                    self.assertNotIn(f"{option}: expected", messages, command)

    def test_bash_takes_a_study_file_for_a_run(self):
        self.assertIn("--checkpoint-seconds", self.bash("studies/mlp.json", "--"))

    def test_zsh_completes_commands_options_and_their_words(self):
        self.path("_fmnist-tune").write_text(self.succeed("completion", "zsh"))
        shell = Terminal(["zsh", "-f", "-i"], self.folder)
        self.addCleanup(shell.close)
        shell.type(f"fpath=({self.folder} $fpath); autoload -Uz compinit; compinit -u -D; print re''ady\n")
        shell.wait_for("ready\r\n")
        for typed, completed in (("best-tr", "best-trial"), ("trials --form", "trials --format "),
                                 ("trials x.db --format j", "trials x.db --format json "),
                                 ("studies/mlp.json --checkpoint-s", "studies/mlp.json --checkpoint-seconds ")):
            shell.type(f"\x15fmnist-tune {typed}\t")
            shell.wait_for(completed)

    def test_other_shells_are_refused(self):
        self.assertIn('expected bash or zsh, found "fish"', self.fail_with(2, "completion", "fish"))
        self.assertIn("which shell?", self.fail_with(2, "completion"))


class Terminal:
    """A program behind a terminal of its own."""

    def __init__(self, command, folder):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb", PATH=f"{FOLDER}:{os.environ['PATH']}")
            os.execvp(command[0], command)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def wait_for(self, text):
        shown, deadline = b"", time.monotonic() + LIMIT_SECONDS
        while text.encode() not in shown.replace(b"\x07", b""):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                raise AssertionError(f"{text!r} does not appear in {shown!r}")
            shown += os.read(self.descriptor, 65536)

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)


class ManualPage(ProgramTest):
    def test_is_a_page_without_any_complaint_of_groff(self):
        page = self.succeed("man-page")
        shown = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-ww"], input=page, text=True,
                               capture_output=True, check=True)
        self.assertEqual(shown.stderr, "")
        for command in ("run", "best-trial", "copy-study", "completion"):
            self.assertRegex(shown.stdout, rf"(?m)^   {command}$")
        self.assertRegex(shown.stdout, r"(?m)^ +--checkpoint-seconds S$")
        self.assertIn("129, 130 or 143", shown.stdout)


if __name__ == "__main__":
    unittest.main()
