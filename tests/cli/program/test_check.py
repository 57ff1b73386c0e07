"""Files damaged by hand in every way that the format's readers stumble over: found, named, mended where that can be."""

import csv
import io
import json
import os
import pathlib
import shutil
import sqlite3
import unittest

import optuna
from program_test import DATA, ProgramTest

optuna.logging.set_verbosity(optuna.logging.ERROR)

STUDY = "single-min"
# SQL for the id of a trial of that study, by number.
TRIAL = f"(select trial_id from trials join studies using (study_id) where study_name = '{STUDY}' and number = %d)"
STUDY_ID = f"(select study_id from studies where study_name = '{STUDY}')"
COMPLETE = "(select min(trial_id) from trials join studies using (study_id)" \
           f" where study_name = '{STUDY}' and state = 'COMPLETE')"
INT = '{"name": "IntDistribution", "attributes": {"log": false, "step": null, "low": 1, "high": 8}}'
EXTRA = '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false, "q": 1}}'
UNKNOWN = '{"name": "NormalDistribution", "attributes": {"mu": 0.0}}'
CHOICES = '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'

# Name of the check, what does the damage, a part of the finding, whether a repair mends it.
DAMAGE = [
    ("views", ["create view best_trial as select 1 as x"], "of another version", True),
    ("orphans", ["insert into trial_values (trial_id, objective, value, value_type) values (9999, 0, 1.0, 'FINITE')"],
     "1 row(s) of trial_values belong to no trial", True),
    ("orphans", ["insert into study_user_attributes (study_id, key, value_json) values (77, 'a', '1')"],
     "1 row(s) of study_user_attributes belong to no study", True),
    ("stray-trials", ["insert into trials (trial_id, number, study_id, state) values (9999, 0, 77, 'WAITING')"],
     "belongs to no study", True),
    ("stray-trials", ["insert into trials (trial_id, number, study_id, state, datetime_start, datetime_complete)"
                      " values (9999, 0, 77, 'COMPLETE', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')"],
     "left where it is", False),
    ("objectives", [f"delete from study_directions where study_id = {STUDY_ID}"], "has no objective", False),
    ("directions", [f"update study_directions set direction = 'minimize' where study_id = {STUDY_ID}"],
     "direction 'minimize'", True),
    ("directions", [f"update study_directions set direction = 'down' where study_id = {STUDY_ID}"],
     "direction 'down'", False),
    ("no-number", [f"update trials set number = null where trial_id = {COMPLETE}"], "has NULL for a number", False),
    ("numbers", [f"update trials set number = 500 where trial_id = {COMPLETE}"], "without gaps", False),
    ("numbers", [f"update trials set number = 1000 where trial_id = {TRIAL % 2}",
                 f"update trials set number = 2 where trial_id = {TRIAL % 3}",
                 f"update trials set number = 3 where number = 1000"], "lower id", False),
    ("states", [f"update trials set state = 'complete' where trial_id = {COMPLETE}"], "its state is 'complete'", True),
    ("states", [f"update trials set state = '1' where trial_id = {COMPLETE}"], "its state is '1'", False),
    ("missing-times", [f"update trials set datetime_complete = null where trial_id = {COMPLETE}"],
     "no time of completion", True),
    ("missing-times", [f"update trials set datetime_start = null where trial_id = {COMPLETE}"],
     "no time of start", True),
    ("times", [f"update trials set datetime_start = '2026-01-01T10:00:00.5' where trial_id = {COMPLETE}"],
     "datetime_start is '2026-01-01T10:00:00.5'", True),
    ("times", [f"update trials set datetime_complete = 1767261600 where trial_id = {COMPLETE}"],
     "datetime_complete is '1767261600'", False),
    ("values", [f"update trial_values set value = null where trial_id = {COMPLETE}"],
     "value NULL of objective 0 has the type 'FINITE'", False),
    ("values", [f"update trial_values set value_type = 'finite' where trial_id = {COMPLETE}"], "type 'finite'", True),
    ("values", [f"update trial_values set value = 1.0, value_type = 'INF_POS' where trial_id = {COMPLETE}"],
     "value 1.0 of objective 0 has the type 'INF_POS'", True),
    ("values", [f"update trial_values set value = 9e999, value_type = 'FINITE' where trial_id = {COMPLETE}"],
     "has the type 'FINITE'", True),
    ("values", [f"update trial_values set value = null, value_type = 'NAN' where trial_id = {COMPLETE}"],
     "type 'NAN'", False),
    ("values", [f"update trial_values set value = 'high' where trial_id = {COMPLETE}"], "value 'high'", False),
    ("value-counts", [f"delete from trial_values where trial_id = {COMPLETE}"], "COMPLETE with 0 value(s)", False),
    ("value-counts", [f"insert into trial_values (trial_id, objective, value, value_type)"
                      f" values ({COMPLETE}, 1, 0.5, 'FINITE')"], "with 2 value(s), the study has 1", False),
    ("intermediate-values", ["insert into trial_intermediate_values (trial_id, step, intermediate_value,"
                             f" intermediate_value_type) values ({COMPLETE}, 900, null, 'FINITE')"],
     "intermediate value NULL of step 900", False),
    ("intermediate-values", ["insert into trial_intermediate_values (trial_id, step, intermediate_value,"
                             f" intermediate_value_type) values ({COMPLETE}, 900, 0.5, 'NAN')"],
     "intermediate value 0.5 of step 900", True),
    ("intermediate-values", ["insert into trial_intermediate_values (trial_id, step, intermediate_value,"
                             f" intermediate_value_type) values ({COMPLETE}, 900, null, 'inf_neg')"],
     "type 'inf_neg'", True),
    ("distributions", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                       f" values ({COMPLETE}, 'new', 1, '{INT}')"], "whose step is null", True),
    ("distributions", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                       f" values ({COMPLETE}, 'new', 0.5, '{EXTRA}')"], 'an attribute "q"', True),
    ("distributions", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                       f" values ({COMPLETE}, 'new', 0.5, '{UNKNOWN}')"], "unknown kind", False),
    ("distributions", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                       f" values ({COMPLETE}, 'new', 0.5, 'uniform')"], "not a distribution", False),
    ("parameters", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                    f" values ({COMPLETE}, 'new', 2, '{CHOICES}')"], "has 2 for the index of one of its 2 choices",
     False),
    ("parameters", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                    f" values ({COMPLETE}, 'new', null, '{CHOICES}')"], "has no number for a value", False),
    ("same-distributions", ["insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                            f" values ({COMPLETE}, 'new', 0, '{CHOICES}')",
                            "insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                            f" select trial_id, 'new', 0, replace('{CHOICES}', '\"b\"', '\"c\"') from trials"
                            f" where study_id = {STUDY_ID} and trial_id > {COMPLETE} and state = 'COMPLETE' limit 1"],
     "new", False),
    ("attributes", [f"insert into trial_user_attributes (trial_id, key, value_json) values ({COMPLETE}, 'note',"
                    " 'said \"so\"')"], 'attribute "note" is not JSON: said "so"', True),
    ("attributes", [f"insert into study_system_attributes (study_id, key, value_json) values ({STUDY_ID}, 'note', null)"],
     'attribute "note" is not JSON', True),
    ("fixed-params", ["insert into trial_system_attributes (trial_id, key, value_json)"
                      f" select trial_id, 'fixed_params', '[1]' from trials where study_id = {STUDY_ID} and"
                      " state = 'RUNNING'"], "cannot take its parameters", False),
]


class Check(ProgramTest):
    def copy(self, name="single.db"):
        shutil.copyfile(DATA / "db" / name, self.path(name))
        return name

    def damage(self, *statements, name="single.db"):
        self.change(*statements, db=name)

    def check(self, *options, name="single.db"):
        """Exit code and answer."""
        code, output, messages = self.run_program("check", name, "-f", "json", *options)
        self.assertEqual(messages, "")
        return code, json.loads(output)

    def url(self, name="single.db"):
        return f"sqlite:///{self.path(name)}"

    def content(self, name):
        connection = sqlite3.connect(self.path(name))
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    def load_all(self, name="single.db"):
        return {study: [(trial.number, trial.state, trial.values, trial.params, trial.intermediate_values,
                         trial.user_attrs) for trial in optuna.load_study(study_name=study, storage=self.url(name))
                        .get_trials(deepcopy=False)]
                for study in optuna.get_all_study_names(self.url(name))}

    def test_what_real_optuna_wrote_is_sound_and_left_as_it_is(self):
        for source in sorted((DATA / "db").glob("*.db")):
            name = self.copy(source.name)
            before = self.digest(name)
            code, answer = self.check(name=name)
            self.assertEqual((code, answer["sound"], answer["mended"]), (0, True, []), source.name)
            self.assertTrue(all(finding["note"] for finding in answer["findings"]))
            self.assertEqual(self.digest(name), before)
        self.assertEqual(len(self.names()), 4)

    def test_a_trial_that_another_program_seems_to_run_is_worth_a_note(self):
        self.copy()
        code, answer = self.check()
        self.assertEqual([(finding["check"], finding["study"], finding["trial"]) for finding in answer["findings"]],
                         [("running", STUDY, 25), ("running", "no-complete", 1)])

    def test_each_damage_is_found_named_and_mended_where_that_can_be(self):
        expected = self.load_all(self.copy())
        for name, statements, text, is_repairable in DAMAGE:
            with self.subTest(name, text=text):
                self.copy()
                self.damage(*statements)
                code, answer = self.check()
                self.assertEqual((code, answer["sound"]), (1, False))
                found = [finding for finding in answer["findings"] if text in finding["what"]]
                self.assertEqual([(finding["check"], finding["repairable"], finding["note"]) for finding in found],
                                 [(name, is_repairable, False)], answer)
                self.repair_and_compare(found[0], is_repairable, expected)

    def repair_and_compare(self, finding, is_repairable, expected):
        before = self.digest("single.db")
        content = self.content("single.db")
        # So young that the RUNNING trials stay as they are.
        code, answer = self.check("--repair", "--older-than", "500000")
        self.assertEqual((code, answer["sound"]), (0, True) if is_repairable else (1, False), answer)
        if not is_repairable:
            self.assertEqual((answer["backup"], self.digest("single.db")), (None, before))
            return
        self.assertIn(finding, answer["mended"])
        self.assertEqual(self.content(answer["backup"]), content)
        self.path(answer["backup"]).unlink()
        self.assert_sound("single.db")
        mended = self.load_all()
        self.assertEqual(mended.keys(), expected.keys())
        self.assertEqual([(trial[0], trial[1]) for trial in mended[STUDY]],
                         [(trial[0], trial[1]) for trial in expected[STUDY]])

    def test_optuna_reads_what_it_could_not_read_before(self):
        for statement in (f"update trials set state = 'complete' where trial_id = {COMPLETE}",
                          f"update trial_values set value = 1.0, value_type = 'INF_POS' where trial_id = {COMPLETE}",
                          f"update study_directions set direction = 'minimize' where study_id = {STUDY_ID}",
                          "insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                          f" values ({COMPLETE}, 'new', 1, '{INT}')",
                          "insert into trial_params (trial_id, param_name, param_value, distribution_json)"
                          f" values ({COMPLETE}, 'new', 0.5, '{EXTRA}')",
                          "insert into trial_user_attributes (trial_id, key, value_json)"
                          f" values ({COMPLETE}, 'note', 'no JSON')"):
            with self.subTest(statement):
                self.copy()
                self.damage(statement)
                with self.assertRaises(Exception):
                    self.load_all()
                self.check("--repair")
                self.load_all()

    def test_a_damaged_page_is_reported(self):
        self.copy()
        data = bytearray(self.path("single.db").read_bytes())
        data[-4096:-3000] = b"\xff" * 1096
        self.path("single.db").write_bytes(data)
        code, output, messages = self.run_program("check", "single.db")
        self.assertEqual(code, 1)
        self.assertTrue("SQLite says" in output or "damaged" in output + messages, output + messages)

    def test_what_is_no_storage_is_an_error(self):
        self.path("text.db").write_text("not a database, however long this text may be\n" * 100)
        for name in ("text.db", "missing.db"):
            self.assertIn(name, self.fail_with(1, "check", name))
            self.assertIn(name, self.fail_with(1, "check", name, "--repair"))
        self.assertEqual(self.names(), ["text.db"])

    def test_answers_are_lines_and_csv_too(self):
        self.copy()
        self.damage(f"delete from trial_values where trial_id = {COMPLETE}",
                    f"update trials set state = 'fail' where trial_id = {TRIAL % 30}")
        code, output, _ = self.run_program("check", "single.db")
        self.assertEqual(code, 1)
        lines = output.splitlines()
        self.assertEqual(lines[-1], "2 finding(s)")
        self.assertIn('study "single-min", trial 30: its state is \'fail\' (--repair mends it)', lines)
        self.assertTrue(any(line.endswith("(cannot be mended here)") for line in lines))
        _, output, _ = self.run_program("check", "single.db", "-f", "csv")
        rows = list(csv.DictReader(io.StringIO(output)))
        self.assertEqual({row["check"] for row in rows}, {"value-counts", "states", "running"})
        code, output, _ = self.run_program("check", "single.db", "--repair")
        self.assertEqual(code, 1)
        self.assertIn("its state is 'fail' (mended)", output)
        self.assertIn("is kept in single.db.before-repair\n", output)

    def test_a_second_repair_keeps_the_first_copy(self):
        self.copy()
        for expected in ("single.db.before-repair", "single.db.before-repair-2"):
            self.damage(f"update trials set state = 'complete' where trial_id = {COMPLETE}")
            self.assertEqual(self.check("--repair")[1]["backup"], expected)

    def test_trials_left_behind_by_another_program_become_fail_or_wait_again(self):
        params = self.load_all(self.copy())[STUDY][25][3]
        _, answer = self.check("--repair", "--older-than", "0")
        self.assertEqual([finding["trial"] for finding in answer["mended"]], [25, 1])
        trial = optuna.load_study(study_name=STUDY, storage=self.url()).trials[25]
        self.assertEqual((trial.state.name, trial.params), ("FAIL", params))
        self.assertIn("left behind", trial.system_attrs["tune:reason"])
        self.assertIsNotNone(trial.datetime_complete)
        self.copy()
        self.check("--repair", "--requeue", "--older-than", "0")
        study = optuna.load_study(study_name=STUDY, storage=self.url())
        trial = study.trials[25]
        self.assertEqual((trial.state.name, trial.system_attrs["fixed_params"], trial.intermediate_values),
                         ("WAITING", params, {}))
        self.assertIn(25, [study.ask().number for _ in range(3)])

    def test_a_young_trial_of_another_program_is_left_alone(self):
        study = optuna.create_study(study_name="theirs", storage=self.url("theirs.db"))
        study.ask()
        code, answer = self.check("--repair", name="theirs.db")
        self.assertEqual((code, answer["findings"], answer["backup"]), (0, [], None))
        self.assertEqual(self.states("theirs.db"), ["RUNNING"])

    def mark(self, **changes):
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        mark = {"host": os.uname().nodename, "boot_id": boot, "pid": 2 ** 22 + 1, "start_time": 1,
                "pid_namespace": os.stat("/proc/self/ns/pid").st_ino, "epoch": 0, **changes}
        self.damage("insert into trial_system_attributes (trial_id, key, value_json) values"
                    f" ({TRIAL % 25}, 'tune:owner', '{json.dumps(mark)}')")

    def test_a_trial_of_a_dead_process_of_ours_is_found_and_requeued(self):
        params = self.load_all(self.copy())[STUDY][25][3]
        self.mark()
        code, answer = self.check()
        self.assertEqual(code, 1)
        self.assertIn("its process 4194305 has ended", answer["findings"][0]["what"])
        self.check("--repair", "--older-than", "500000")
        trial = optuna.load_study(study_name=STUDY, storage=self.url()).trials[25]
        self.assertEqual((trial.state.name, trial.system_attrs["fixed_params"]), ("WAITING", params))
        self.assertEqual(self.check("--older-than", "500000")[1]["findings"], [])

    def test_a_trial_of_another_host_counts_when_it_was_silent_for_long(self):
        self.copy()
        self.mark(host="elsewhere")
        self.assertIn("host elsewhere", self.check()[1]["findings"][0]["what"])
        self.assertEqual(self.check("--older-than", "500000")[1]["findings"], [])

    def test_a_trial_of_a_living_process_is_left_alone(self):
        self.copy()
        fields = pathlib.Path("/proc/self/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        self.mark(pid=os.getpid(), start_time=int(fields[19]))
        self.check("--repair", "--older-than", "0")
        self.assertIn("RUNNING", self.states("single.db"))

    def test_checkpoints_of_no_unfinished_trial_are_found_and_removed(self):
        self.copy()
        folder = self.path("single.db.checkpoints")
        folder.mkdir()
        orphan = folder / "0123456789abcdef-3.checkpoint"
        orphan.write_bytes(b"anything")
        (folder / "notes.txt").write_text("somebody's")
        code, answer = self.check("--older-than", "500000")
        self.assertEqual((code, [(finding["check"], finding["note"]) for finding in answer["findings"]]),
                         (0, [("checkpoints", True)]))
        self.assertIn(orphan.name, answer["findings"][0]["what"])
        _, answer = self.check("--repair", "--older-than", "500000")
        self.assertEqual([finding["check"] for finding in answer["mended"]], ["checkpoints"])
        self.assertEqual([entry.name for entry in folder.iterdir()], ["notes.txt"])

    def test_options_that_make_no_sense_are_refused(self):
        self.copy()
        self.assertIn("--repair", self.fail_with(2, "check", "single.db", "--requeue"))
        self.assertIn("--older-than", self.fail_with(2, "check", "single.db", "--older-than", "soon"))


if __name__ == "__main__":
    unittest.main()
