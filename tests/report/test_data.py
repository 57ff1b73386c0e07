"""What the report command writes, without a browser."""

import json
import math
import pathlib
import sys
import unittest

import stored_studies
from browser_test import data_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli" / "program"))
from program_test import DATA, ProgramTest


def shown(parameter, value):
    """A value of the page as `trials -f json` gives it."""
    if parameter["type"] == "categorical":
        return parameter["choices"][value]
    return value


class Data(ProgramTest):
    def report(self, db, *arguments):
        self.succeed("report", db, "-o", "page.html", "--force", *arguments)
        return data_of(self.path("page.html").read_text())

    def test_a_report_of_optunas_files_has_what_the_trials_command_tells(self):
        for name in ("single.db", "multi.db", "conditional.db"):
            db = DATA / "db" / name
            for study in json.loads(self.succeed("studies", db, "-f", "json")):
                data = self.report(db, "--study", study["name"])
                trials = json.loads(self.succeed("trials", db, "--study", study["name"], "-f", "json"))
                self.assertEqual([trial["number"] for trial in data["trials"]], [trial["number"] for trial in trials])
                for ours, told in zip(data["trials"], trials):
                    self.assertEqual(ours["state"], told["state"])
                    values = told.get("values", [] if told.get("value") is None else [told.get("value")])
                    self.assertEqual(ours.get("values", []), values)
                    params = {
                        parameter["name"]: shown(parameter, value)
                        for parameter, value in zip(data["parameters"], ours.get("params", []))
                        if value is not None
                    }
                    self.assertEqual(
                        {name: str(value) for name, value in params.items() if isinstance(value, str)},
                        {
                            name: (
                                told["params"][name]
                                if isinstance(told["params"][name], str)
                                else json.dumps(told["params"][name])
                            )
                            for name, value in params.items()
                            if isinstance(value, str)
                        },
                    )
                    self.assertEqual(
                        {name: value for name, value in params.items() if not isinstance(value, str)},
                        {name: told["params"][name] for name, value in params.items() if not isinstance(value, str)},
                    )
                    self.assertEqual(set(params), set(told["params"]))

    def test_the_best_trials_are_those_that_optuna_names(self):
        single = json.loads((DATA / "db" / "single.expected.json").read_text())
        studies = single["studies"] if "studies" in single else single
        entries = (
            studies.items()
            if isinstance(studies, dict)
            else [(study.get("name", study.get("study_name")), study) for study in studies]
        )
        for name, study in entries:
            if study.get("best_trial") is not None:
                self.assertEqual(
                    self.report(DATA / "db" / "single.db", "--study", name)["best"][0], study["best_trial"]
                )

    def test_no_text_of_a_study_leaves_the_data_block(self):
        stored_studies.write_hostile(self.path("hostile.db"))
        data = self.report("hostile.db")
        self.assertEqual(data["study"]["name"], "".join(stored_studies.HOSTILE[:2]))
        self.assertEqual(data["study"]["metrics"], stored_studies.HOSTILE[1:3])
        self.assertEqual([parameter["name"] for parameter in data["parameters"]][:-1], stored_studies.HOSTILE)
        self.assertEqual(data["parameters"][0]["choices"], stored_studies.HOSTILE)
        text = self.path("page.html").read_text()
        self.assertEqual(text.count("</script>"), text.count("<script"))
        self.assertEqual(text.count("@scripts@"), json.dumps(data).count("@scripts@"))

    def test_long_lists_are_thinned_and_keep_their_ends(self):
        with stored_studies.Writer(self.path("long.db")) as writer:
            values = [math.sin(i) for i in range(5000)]
            writer.trial(
                writer.study("long"),
                0,
                "COMPLETE",
                [1.0],
                reports=dict(enumerate(values)),
                user={"curves": {"loss": values, "text": "no curve", "empty": []}},
            )
        (trial,) = self.report("long.db")["trials"]
        self.assertTrue(trial["thinned"])
        self.assertEqual((trial["steps"][0], trial["steps"][-1], len(trial["steps"])), (0, 4999, 500))
        self.assertEqual(trial["reports"], [values[step] for step in trial["steps"]])
        self.assertEqual(list(trial["curves"]), ["loss"])
        curve = trial["curves"]["loss"]
        self.assertEqual((curve["epochs"][0], curve["epochs"][-1], len(curve["epochs"])), (1, 5000, 200))
        for epoch, value in zip(curve["epochs"], curve["values"]):
            self.assertAlmostEqual(value, values[epoch - 1], delta=1e-5 * abs(values[epoch - 1]))

    def test_numbers_that_json_does_not_know_are_strings(self):
        stored_studies.write_small(self.path("small.db"))
        trials = self.report("small.db", "--study", "wild")["trials"]
        self.assertEqual(
            [trial["values"][0] for trial in trials], ["Infinity", "-Infinity", 1.0, 1e308, -1e308, 5e-324]
        )
        self.assertEqual(trials[0]["reports"], ["Infinity", "NaN"])
        self.assertEqual(trials[0]["curves"]["loss"]["values"], [1.0, "NaN", "Infinity"])

    def test_json_nested_without_end_is_a_text(self):
        deep = 200_000 * "[" + 200_000 * "]"
        names = {"curves": 1, "note": 1}
        with stored_studies.Writer(self.path("deep.db")) as writer:
            study = writer.study("deep", user=names, system={"tune:provenance": 1, "tune:seed": 1})
            system = {"tune:reason": 1, "tune:prune": 1}
            writer.trial(study, 0, "PRUNED", [1.0], user=names, system=system)
            for table in ("study_user", "study_system", "trial_user", "trial_system"):
                writer.connection.execute(f"update {table}_attributes set value_json = ?", (deep,))
        data = self.report("deep.db")
        self.assertEqual(data["study"]["user_attrs"]["note"], deep)
        (trial,) = data["trials"]
        self.assertEqual(trial["attrs"], {name: deep[:400] + "…" for name in names})
        self.assertEqual(json.loads(self.succeed("trials", "deep.db", "-f", "json"))[0]["user_attrs"]["note"], deep)

    def test_the_same_name_for_two_kinds_of_parameter_is_two_parameters(self):
        with stored_studies.Writer(self.path("odd.db")) as writer:
            study = writer.study("odd")
            writer.trial(study, 0, "COMPLETE", [1.0], {"x": (1, stored_studies.choice("a", "b"))})
            writer.trial(study, 1, "COMPLETE", [1.0], {"x": (0.5, stored_studies.number(0, 1))})
            writer.trial(study, 2, "COMPLETE", [1.0], {"x": (0, stored_studies.choice("b", "c"))})
            writer.trial(study, 3, "COMPLETE", [1.0], {"x": (3, stored_studies.number(-1, 4))})
        data = self.report("odd.db")
        self.assertEqual(
            data["parameters"],
            [
                {"name": "x", "type": "categorical", "choices": ["a", "b", "c"]},
                {"name": "x", "type": "float", "log": False, "low": -1.0, "high": 4.0},
            ],
        )
        self.assertEqual([trial["params"] for trial in data["trials"]], [[1], [None, 0.5], [1], [None, 3.0]])

    def test_choices_that_read_alike_stay_apart(self):
        choices = stored_studies.choice("1", 1, True, 1.0, "true", None, '"1"')
        with stored_studies.Writer(self.path("odd.db")) as writer:
            study = writer.study("odd")
            for i, index in enumerate((0, 1, 2, 3, 4, 5, 6)):
                writer.trial(study, i, "COMPLETE", [1.0], {"x": (index, choices)})
            writer.trial(study, 7, "COMPLETE", [1.0], {"x": (1, stored_studies.choice("new", True))})
        data = self.report("odd.db")
        self.assertEqual(
            data["parameters"][0]["choices"], ['"1"', "1", "true", "1.0", '"true"', "null", '""1""', '"new"']
        )
        self.assertEqual(
            [trial["params"] for trial in data["trials"]],
            [[0], [1], [2], [3], [4], [5], [6], [2]],
        )

    def test_a_page_goes_where_it_is_told_and_replaces_nothing_unasked(self):
        stored_studies.write_small(self.path("small.db"))
        before = self.digest("small.db")
        self.assertEqual(self.succeed("report", "small.db", "--study", "one"), "one.html\n")
        self.assertIn("is there already", self.fail_with(2, "report", "small.db", "--study", "one"))
        self.assertIn(
            "there is no folder", self.fail_with(2, "report", "small.db", "--study", "one", "-o", "no/x.html")
        )
        self.assertIn("pick one with --study", self.fail_with(2, "report", "small.db"))
        self.assertIn('no study "tow"', self.fail_with(2, "report", "small.db", "--study", "tow"))
        self.assertEqual(self.digest("small.db"), before)
        self.assertEqual(self.names(), ["one.html", "small.db"])

    def test_files_that_look_unfinished_are_other_peoples(self):
        stored_studies.write_small(self.path("small.db"))
        self.path("mine").write_text("mine")
        self.path("one.html.unfinished").symlink_to("mine")
        self.succeed("report", "small.db", "--study", "one")
        self.assertEqual(self.path("mine").read_text(), "mine")
        self.assertEqual(self.names(), ["mine", "one.html", "one.html.unfinished", "small.db"])

    def test_a_name_that_a_terminal_would_obey_is_shown_and_makes_a_harmless_file(self):
        for name, file in (
            ("a/\x1b[31mred\nname\x7f", "a__[31mred_name_.html"),
            ("ab" + 40 * "研", "ab" + 32 * "研" + ".html"),
            ("", "study.html"),
        ):
            with stored_studies.Writer(self.path("odd.db")) as writer:
                writer.study(name)
            code, out, messages = self.finish(self.start("report", "odd.db"))
            self.assertEqual((code, out), (0, f"{file}\n"), messages)
            self.assertEqual(self.names(), sorted([file, "odd.db"]))
            self.assertNotRegex(messages.rstrip("\n"), "[\0-\x1f\x7f]")
            self.path(file).unlink()

    def test_a_full_disk_leaves_no_half_page(self):
        stored_studies.write_small(self.path("small.db"))
        self.path("one.html").write_text("what stood there")
        limited = ("bash", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$@"', "limited")
        message = self.fail_with(1, "report", "small.db", "--study", "one", "--force", wrapper=limited)
        self.assertIn("one.html: cannot be written", message)
        self.assertEqual(self.path("one.html").read_text(), "what stood there")
        self.assertEqual(self.names(), ["one.html", "small.db"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
