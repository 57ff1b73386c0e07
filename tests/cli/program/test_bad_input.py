"""Whatever is wrong ends with one clear message, the right exit code, and nothing stored is touched."""

import gzip
import json
import os
import random
import resource
import shutil
import sqlite3
import unittest

from program_test import DATA, STUDIES, ProgramTest

# Root without its capabilities is an owner like any other: it may not write what is read-only.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()


class CommandLine(ProgramTest):
    def test_help_of_each_command_has_an_example(self):
        overview = self.succeed("--help")
        listed = overview.split("Commands:\n")[1].split("\n\n")[0]
        commands = [line[2:20].split(",")[0].strip() for line in listed.splitlines()]
        self.assertLess({"run", "best-trial", "best-trials", "trials", "studies", "enqueue", "check"}, set(commands))
        for command in (*(name for name in commands if name != "help"), "best"):
            text = self.succeed(command, "--help")
            self.assertIn("Examples:\n  fmnist-tune ", text)
            self.assertEqual(self.succeed("help", command), text)
        self.assertEqual(self.succeed("help"), overview)

    def test_help_of_queries_explains_numbers_that_json_lacks(self):
        self.assertIn('"Infinity"', self.succeed("trials", "--help"))

    def test_version(self):
        version = self.succeed("--version")
        self.assertRegex(version, r"^fmnist-tune \d+\.\d+\.\d+\n")
        self.assertRegex(version, r"\nobjectives: fmnist \(LibTorch \d+\.\d+")
        for name in ("compiler", "Boost", "SQLite"):
            self.assertIn(name, version)

    def test_no_arguments_print_the_usage(self):
        code, output, messages = self.run_program()
        self.assertEqual((code, output), (2, ""))
        self.assertIn("usage: fmnist-tune", messages)

    def test_an_unknown_command_is_named_with_the_nearest_one(self):
        message = self.fail_with(2, "trails", "x.db")
        self.assertIn('unknown command "trails"', message)
        self.assertIn('did you mean "trials"?', message)

    def test_an_unknown_option_is_named_with_the_nearest_one(self):
        message = self.fail_with(2, "run", self.study("tiny"), "--trails", "3")
        self.assertIn('"--trails"', message)
        self.assertIn('did you mean "--trials"?', message)

    def test_options_are_not_abbreviated(self):
        self.assertIn('"--tri"', self.fail_with(2, self.study("tiny"), "--tri", "3"))

    def test_values_that_are_no_numbers_are_shown(self):
        study = self.study("tiny")
        for option, value in (("--trials", "many"), ("--trials", "0"), ("--trials", "1.5"), ("--timeout", "-1"),
                              ("--jobs", "0"), ("--seed", "-1"), ("--seed", "x"), ("--jobs-per-device", "")):
            message = self.fail_with(2, study, f"{option}={value}")
            self.assertIn(option, message)
        self.assertIn('"many"', self.fail_with(2, study, "--trials", "many"))

    def test_other_mistakes_on_the_command_line(self):
        study = self.study("tiny")
        for arguments, expected in (
                ((study, "other.json"), '"other.json"'),
                ((study, "--trials"), "--trials"),
                ((study, "--jobs", "2", "--jobs-per-device", "2"), "--jobs-per-device"),
                ((study, "--devices", "cpu,cpu"), "--devices"),
                ((study, "--devices", ""), "--devices"),
                ((study, "--devices", "CPU"), '"CPU"'),
                ((study, "--devices", "cuda:"), '"cuda:"'),
                (("run",), "study file"),
                (("trials",), "storage"),
                (("trials", "a.db", "--storage", "b.db"), "storage"),
                (("trials", "a.db", "-f", "xml"), '"xml"'),
                (("trials", "a.db", "--state", "DONE"), '"DONE"'),
                (("trials", "a.db", "--last", "0"), "--last"),
                (("help", "nothing"), '"nothing"')):
            self.assertIn(expected, self.fail_with(2, *arguments))

    def test_other_storages_say_what_is_supported(self):
        for storage in ("postgresql://user@host/db", "postgresql+psycopg2://host/db", "mysql://host/db"):
            message = self.fail_with(2, self.study("tiny"), "--storage", storage)
            self.assertIn("sqlite", message.lower())

    def tearDown(self):
        # Nothing of all this makes a storage.
        self.assertEqual([name for name in self.names() if not name.endswith(".json")], [])


class StudyFiles(ProgramTest):
    def complain(self, expected, **changes):
        message = self.fail_with(2, self.study("tiny", **changes), "--trials", "2")
        for text in expected:
            self.assertIn(text, message)
        self.assertEqual(self.names(), ["tiny.json"])

    def space(self, **changes):
        return {**json.loads((STUDIES / "tiny.json").read_text())["space"], **changes}

    def test_a_missing_file(self):
        self.assertIn("missing.json", self.fail_with(2, "missing.json", "--trials", "2"))

    def test_broken_json_has_its_place(self):
        self.path("broken.json").write_text('{\n  "name": "x",\n  "space": {,}\n}\n')
        self.assertIn("broken.json:3:", self.fail_with(2, "broken.json"))

    def test_duplicate_names(self):
        text = (STUDIES / "tiny.json").read_text()
        self.path("twice.json").write_text(text.replace('"depth": {', '"lr": {"type": "int", "low": 1, "high": 2},\n"depth": {'))
        self.assertIn("lr", self.fail_with(2, "twice.json"))

    def test_an_unknown_parameter(self):
        self.complain(["/space/learning_rate", "lr"],
                      space=self.space(learning_rate={"type": "float", "low": 0.1, "high": 1}))

    def test_an_unknown_choice(self):
        self.complain(["/space/optimizer", "adamm"],
                      space=self.space(optimizer={"type": "categorical", "choices": ["sgd", "adamm"]}))

    def test_values_that_nothing_can_be_trained_with(self):
        for name, value, expected in (("l1", -0.1, ">= 0"), ("l2", -1e-3, ">= 0"), ("l2_l0", -1, ">= 0"),
                                      ("activation", "swishy", '"relu"'), ("loss", "hinge", '"cross_entropy"'),
                                      ("dropout", 1.0, "< 1"), ("batch_size", 0, ">= 1"), ("width", 0, ">= 1")):
            self.complain([f"/fixed/{name}", expected], fixed={name: value},
                          space={"lr": {"type": "float", "low": 1e-3, "high": 1e-2}})

    def test_ranges_that_cannot_be(self):
        for distribution in ({"type": "float", "low": 1, "high": 0.1}, {"type": "float", "low": 0, "high": 1, "log": True},
                             {"type": "float", "low": -1, "high": 1, "log": True}):
            self.complain(["/space/lr"], space=self.space(lr=distribution))
        self.complain(["/space/dropout"], space=self.space(dropout={"type": "float", "low": 0, "high": 0.5, "step": 0.3}))

    def test_empty_choices(self):
        self.complain(["/space/optimizer"], space=self.space(optimizer={"type": "categorical", "choices": []}))

    def test_no_objective(self):
        self.complain(["objectives"], objectives=[])
        self.complain(["objectives"], objectives=None)

    def test_everything_wrong_is_said_at_once(self):
        self.complain(["/space/lr", "/replicates"], replicates=0,
                      space=self.space(lr={"type": "float", "low": 1, "high": 0.1}))


class Surroundings(ProgramTest):
    def test_a_data_set_that_is_not_there(self):
        self.path("empty").mkdir()
        message = self.fail_with(1, self.study("tiny"), "--trials", "2", "--data", self.path("empty"))
        self.assertIn("empty", message)
        self.assertEqual(self.names(), ["empty", "tiny.json"])

    def test_a_damaged_archive_is_told_whatever_it_says_of_its_size(self):
        self.path("data").mkdir()
        archive = gzip.compress(bytes([0, 0, 8, 3, 0, 0, 32, 0, 0, 0, 0, 32, 0, 0, 0, 32]) +
                                random.Random(1).randbytes(1 << 23))
        self.path("data/train-images-idx3-ubyte.gz").write_bytes(archive[:-4] + b"\xff\xff\xff\xff")
        self.path("data/train-labels-idx1-ubyte").touch()
        memory = 1 << 30
        message = self.fail_with(1, self.study("tiny"), "--trials", "2", "--data", "data", "--jobs", "1",
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)))
        self.assertIn("train-images-idx3-ubyte.gz: the archive is damaged", message)

    def test_a_device_that_is_not_there(self):
        message = self.fail_with(2, self.study("tiny"), "--trials", "2", "--devices", "cuda:99")
        self.assertIn('"cuda:99"', message)
        self.assertIn("available: cpu", message)
        self.assertEqual(self.names(), ["tiny.json"])

    def test_a_storage_that_is_not_sqlite(self):
        self.path("tiny.db").write_text("These are my notes.\n" * 500)
        before = self.digest("tiny.db")
        self.assertIn("tiny.db", self.fail_with(1, self.study("tiny"), "--trials", "2"))
        self.assertEqual(self.digest("tiny.db"), before)
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])

    def test_a_database_of_another_program(self):
        connection = sqlite3.connect(self.path("tiny.db"))
        connection.execute("create table recipes (name text)")
        connection.execute("insert into recipes values ('bread')")
        connection.commit()
        connection.close()
        before = self.digest("tiny.db")
        self.assertIn("tiny.db", self.fail_with(1, self.study("tiny"), "--trials", "2"))
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_folder_in_place_of_a_storage(self):
        self.path("tiny.db").mkdir()
        self.assertIn("tiny.db", self.fail_with(1, self.study("tiny"), "--trials", "2"))

    def test_a_storage_in_a_folder_that_is_not_there(self):
        self.assertIn("nowhere", self.fail_with(1, self.study("tiny"), "--trials", "2", "--storage", "nowhere/t.db"))
        self.assertEqual(self.names(), ["tiny.json"])

    def test_a_storage_that_may_not_be_written(self):
        shutil.copyfile(DATA / "db" / "single.db", self.path("tiny.db"))
        self.path("tiny.db").chmod(0o444)
        before = self.digest("tiny.db")
        message = self.fail_with(1, self.study("tiny"), "--trials", "2", wrapper=WITHOUT_RIGHTS)
        self.assertIn("tiny.db", message)
        self.assertEqual(self.digest("tiny.db"), before)

    def test_a_file_that_cannot_be_written_can_be_asked(self):
        self.path("kept").mkdir()
        shutil.copyfile(DATA / "db" / "single.db", self.path("kept/tiny.db"))
        before = self.digest("kept/tiny.db")
        self.path("kept/tiny.db").chmod(0o444)
        self.path("kept").chmod(0o555)
        self.addCleanup(self.path("kept").chmod, 0o755)
        (name,), *_ = self.rows("select study_name from studies", db="kept/tiny.db")
        for query in (["studies"], ["best-trial", "--study", name], ["trials", "--study", name],
                      ["importance", "--study", name]):
            code, output, messages = self.run_program(query[0], "kept/tiny.db", *query[1:], wrapper=WITHOUT_RIGHTS)
            self.assertEqual(code, 0, messages)
            self.assertTrue(output)
        self.assertEqual(self.digest("kept/tiny.db"), before)

    def test_a_file_that_may_grow_no_further_is_told_and_goes_on_later(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "1")
        limit = self.path("tiny.db").stat().st_size
        code, _, message = self.run_program(study, "--trials", "200", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
        self.assertEqual(code, 1, message)
        self.assertRegex(message, "fmnist-tune: .*tiny.db")
        self.assert_sound("tiny.db")
        self.assertEqual(self.states("tiny.db")[0], "COMPLETE")
        self.succeed(study, "--trials", "3")
        self.assertEqual(len(self.states("tiny.db")), 3)

    def test_a_storage_in_a_folder_without_access(self):
        self.path("closed").mkdir(mode=0o000)
        message = self.fail_with(1, self.study("tiny"), "--trials", "2", "--storage", "closed/t.db",
                                 wrapper=WITHOUT_RIGHTS)
        self.assertIn("storage closed/t.db: Permission denied", message)

    def test_a_storage_whose_name_is_too_long(self):
        name = "a" * 300 + ".db"
        message = self.fail_with(1, self.study("tiny"), "--trials", "2", "--storage", name)
        self.assertIn(f"storage {name}: File name too long", message)

    def test_wrong_arguments_are_told_though_there_is_nothing_to_do(self):
        study = self.study("tiny")
        self.succeed(study, "--trials", "1")
        self.assertIn('"cpuu"', self.fail_with(2, study, "--trials", "1", "--devices", "cpuu"))
        self.assertIn("nowhere", self.fail_with(2, study, "--trials", "1", "--data", "nowhere"))


if __name__ == "__main__":
    unittest.main()
