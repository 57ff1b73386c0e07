"""What the tests of the program share: a folder of their own, the program, a look into the file."""

import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["FMNIST_TUNE_PROGRAM"]
DATA = pathlib.Path(os.environ["FMNIST_TUNE_TEST_DATA"])
STUDIES = DATA / "studies_cli"
FINISHED = ("COMPLETE", "PRUNED", "FAIL")
# Generous: it ends a test that hangs, it measures nothing.
LIMIT_SECONDS = 300


class ProgramTest(unittest.TestCase):
    """Every test runs in an empty folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def path(self, name):
        return self.folder / name

    def start(self, *arguments, wrapper=(), **options):
        """Starts the program, behind a wrapper if there is one, without waiting for it; it is killed when the test
        ends before it."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([*wrapper, PROGRAM, *map(str, arguments)], cwd=self.folder, text=True,
                                   **{**streams, **options})
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def finish(self, process):
        """Waits; returns exit code, output and messages."""
        output, messages = process.communicate(timeout=LIMIT_SECONDS)
        return process.returncode, output, messages

    def run_program(self, *arguments, **options):
        return self.finish(self.start(*arguments, **options))

    def succeed(self, *arguments):
        """Runs the program, which must return 0; returns what it prints."""
        code, output, messages = self.run_program(*arguments)
        self.assertEqual(code, 0, messages)
        return output

    def fail_with(self, code, *arguments, **options):
        """Runs the program, which must return `code` with a message and no result; returns the message."""
        returned, output, messages = self.run_program(*arguments, **options)
        self.assertEqual(returned, code, messages)
        self.assertEqual(output, "")
        self.assertTrue(messages.startswith("fmnist-tune: "), messages)
        self.assertNotIn("terminate called", messages)
        return messages

    def study(self, source, /, file=None, **changes):
        """Copies a study file into the folder, with changes by key; None takes a key away."""
        content = json.loads((STUDIES / f"{source}.json").read_text())
        for key, value in changes.items():
            content[key] = value
            if value is None:
                del content[key]
        path = self.path(file or f"{source}.json")
        path.write_text(json.dumps(content))
        return path.name

    def rows(self, query, *values, db):
        connection = sqlite3.connect(f"file:{self.path(db)}?mode=ro", uri=True, timeout=60)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def change(self, *statements, db="tiny.db"):
        connection = sqlite3.connect(self.path(db))
        for statement in statements:
            self.assertNotEqual(connection.execute(statement).rowcount, 0, statement)
        connection.commit()
        connection.close()

    def states(self, db):
        return [state for (state,) in self.rows("select state from trials order by number", db=db)]

    def finished_trials(self, db):
        """Number -> everything stored of a finished trial."""
        trials = {}
        for trial in self.rows("select * from trials where state in ('COMPLETE','PRUNED','FAIL') order by number",
                               db=db):
            parts = tuple(tuple(self.rows(f"select * from {table} where trial_id = ? order by 1", trial[0], db=db))
                          for table in ("trial_values", "trial_params", "trial_intermediate_values"))
            trials[trial[1]] = (trial, parts)
        return trials

    def results(self, db):
        """Parameters, values and reports of each trial: what must not depend on when and how it ran."""
        return {number: tuple(tuple(row[2:] for row in part) for part in parts)
                for number, (_, parts) in self.finished_trials(db).items()}

    def wait_for_finished(self, db, count, process):
        """Until so many trials are finished; the process must still run then."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            self.assertIsNone(process.poll(), "the program ended before it was interrupted")
            try:
                if sum(state in FINISHED for state in self.states(db)) >= count:
                    return
            except sqlite3.OperationalError:
                pass  # The file or its tables are not there yet.
            time.sleep(0.01)
        self.fail(f"{count} trials were not finished in time")

    def assert_sound(self, db):
        self.assertEqual(self.rows("pragma integrity_check", db=db), [("ok",)])

    def digest(self, name):
        return hashlib.sha256(self.path(name).read_bytes()).hexdigest()

    def names(self):
        return sorted(entry.name for entry in self.folder.iterdir())
