"""The report in a real Chromium: what it shows, how it is used, and that it contacts nobody."""

import csv
import io
import json
import pathlib
import tempfile
import unittest

import stored_studies
from browser_test import BrowserTest

COMPLETE = [i for i in range(58) if i % 10 != 3 and i % 20 != 7]
FINITE = [i for i in COMPLETE if i != 11]
PRUNED = [i for i in range(58) if i % 10 == 3]


# Everything as it is when the page was just opened: opening it anew takes seconds.
FRESH = """() => {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  document.querySelectorAll("details[open]").forEach((details) => { details.open = false; });
  document.querySelectorAll("input").forEach((input) => { input.value = ""; });
  document.getElementById("table-state").value = "";
  theme.asked = null;
  selection.parameters = learning.numbers = null;
  Object.assign(table, {sort: "number", isAscending: true, page: 0, filter: "", state: ""});
  const parallel = cards.get("parallel");
  Plotly.purge(parallel.plot);
  parallel.listens = false;
  showTheme();
  showEverything();
  drawUndrawn();
}"""


class RichStudy(BrowserTest):
    """One page for all tests here."""

    page = None

    def setUp(self):
        super().setUp()
        if RichStudy.page is None:
            RichStudy.folder_of_page = tempfile.TemporaryDirectory()
            self.addClassCleanup(RichStudy.folder_of_page.cleanup)
            db = pathlib.Path(RichStudy.folder_of_page.name) / "rich.db"
            stored_studies.write_rich(db)
            RichStudy.page = self.open(self.report(db), keep=True)
        self.page.emulate_media(color_scheme="light")
        self.page.evaluate(FRESH)

    def test_every_plot_has_its_data(self):
        history = self.traces(self.page, "history")
        self.assertEqual(history["COMPLETE"]["numbers"], FINITE)
        self.assertEqual(history["best so far"]["y"][-1], 0.8 + 57 / 1000)
        reports = self.traces(self.page, "reports")
        self.assertEqual((reports["COMPLETE"]["numbers"], reports["PRUNED"]["numbers"]), (COMPLETE, PRUNED))
        self.assertEqual(len(reports["COMPLETE"]["x"]), 5 * len(COMPLETE))
        self.assertEqual(self.traces(self.page, "edf")[""]["y"][-1], 1)
        timeline = self.traces(self.page, "timeline")
        self.assertEqual(
            {state: trace["numbers"] for state, trace in timeline.items() if state != "COMPLETE"},
            {"PRUNED": PRUNED, "FAIL": [7, 27, 47], "RUNNING": [58]},
        )
        self.assertEqual({lane for trace in timeline.values() for lane in trace["y"] if lane}, {1, 2})
        learning = self.traces(self.page, "learning")
        self.assertEqual(set(learning), {f"trial {i}" for i in (57, 56, 55, 54, 52)})
        self.assertEqual(learning["trial 57"]["x"], [1, 2, 3, 4, 5])
        slices = self.traces(self.page, "slice")
        self.assertEqual(slices["lr"]["numbers"], FINITE)
        self.assertEqual(slices["momentum"]["numbers"], [i for i in FINITE if i % 3 == 0])
        contour = self.page.evaluate(
            "document.getElementById('plot-contour').data.map(trace => trace.z?.flat().every(Number.isFinite))"
        )
        self.assertEqual(contour[0], True)
        importances = self.page.evaluate("document.getElementById('plot-importances').data[0].y.length")
        self.assertGreaterEqual(importances, 3)

        axes = self.page.evaluate("""document.getElementById('plot-parallel').data[0].dimensions.map(
          dimension => ({label: dimension.label, n: dimension.values.length, ticks: [...dimension.ticktext]}))""")
        self.assertEqual({axis["label"] for axis in axes}, {"lr", "depth", "optimizer", "momentum", "accuracy"})
        self.assertEqual({axis["n"] for axis in axes}, {len(FINITE)})
        self.assertIn("absent", next(axis for axis in axes if axis["label"] == "momentum")["ticks"])

        # Logarithmic parameters have logarithmic axes, choices their labels, every axis a title.
        axes = self.page.evaluate(
            """['history', 'reports', 'edf', 'slice', 'contour', 'timeline', 'learning', 'importances'].flatMap(
          card => Object.entries(document.getElementById(`plot-${card}`).layout)
            .filter(([name]) => /^[xy]axis/.test(name))
            .map(([, axis]) => ({card, title: axis.title?.text, type: axis.type, ticks: axis.ticktext})))"""
        )
        (lr,) = (axis for axis in axes if axis["card"] == "slice" and axis["title"] == "lr")
        self.assertEqual(lr["type"], "log")
        (optimizer,) = (axis for axis in axes if axis["card"] == "slice" and axis["title"] == "optimizer")
        self.assertEqual(optimizer["ticks"], ["sgd", "adam", "rmsprop"])
        self.assertEqual(
            [
                axis
                for axis in axes
                if axis["card"] in ("history", "reports", "edf", "timeline", "learning") and not axis["title"]
            ],
            [],
        )

        self.assertIn("0.857", self.page.inner_text("#best"))
        self.assertIn("momentum", self.page.inner_text("#best"))
        self.assertIn("out of memory 1", self.page.inner_text("#failures"))
        self.assertIn("1.13.0", self.page.inner_text("#provenance"))
        self.assertIn("1 infinite value left out", self.page.inner_text("#history .note"))

    def test_what_is_pointed_at_is_explained_and_opens(self):
        self.page.locator("#history").scroll_into_view_if_needed()
        point = self.page.locator("#plot-history .scatterlayer .point").nth(20)
        point.hover(force=True)
        self.page.wait_for_selector("#plot-history .hoverlayer .hovertext")
        text = self.page.text_content("#plot-history .hoverlayer .hovertext")
        self.assertRegex(text, r"trial \d+ · COMPLETE")
        self.assertRegex(text, r"accuracy.*lr = ")
        self.page.mouse.down()
        self.page.mouse.up()
        self.page.wait_for_selector("#trial-dialog[open]")
        self.assertRegex(self.page.inner_text("#trial-dialog"), r"Trial \d+[\s\S]*optimizer[\s\S]*note \d+")
        self.page.click("#trial-dialog >> text=Learning curves")
        self.page.wait_for_function(
            "new Set(document.getElementById('plot-learning').data.map(trace => trace.name)).size === 1"
        )

    def test_the_table_sorts_filters_and_turns_pages(self):
        page = self.page
        self.assertEqual([row[0] for row in self.rows(page)], [str(i) for i in range(50)])
        page.click("text=Later")
        self.assertEqual([row[0] for row in self.rows(page)], [str(i) for i in range(50, 60)])
        page.click("[data-column='value-0'] button")
        page.click("[data-column='value-0'] button")
        self.assertEqual(self.column(page, "value-0")[:3], ["0.857", "0.856", "0.855"])
        self.assertEqual(page.get_attribute("[data-column='value-0']", "aria-sort"), "descending")
        page.fill("#table-filter", "lr<0.001 optimizer=adam")
        self.assertEqual(
            sorted(map(int, self.column(page, "number"))), [i for i in range(60) if i % 3 == 1 and i % 30 < 10]
        )
        page.fill("#table-filter", "accuracy>=0.85")
        self.assertEqual(sorted(map(int, self.column(page, "number"))), [i for i in COMPLETE if i >= 50])
        page.fill("#table-filter", '"memory 1"')
        self.assertEqual(self.column(page, "number"), ["27"])
        for nothing in ("no such thing", "__proto__=1", "constructor=1"):
            page.fill("#table-filter", nothing)
            self.assertEqual(self.rows(page), [], nothing)
        page.fill("#table-filter", "")
        page.select_option("#table-state", "PRUNED")
        self.assertEqual(sorted(map(int, self.column(page, "number"))), PRUNED)
        with page.expect_download() as download:
            page.click("text=Save CSV")
        rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
        self.assertEqual(sorted(int(row["number"]) for row in rows), PRUNED)
        self.assertEqual(
            rows[0]["params_optimizer"], "sgd" if int(rows[0]["number"]) % 3 == 0 else rows[0]["params_optimizer"]
        )
        page.select_option("#table-state", "")
        page.click("#trial-table tbody tr >> nth=0")
        self.assertIn("Trial 57", page.inner_text("#trial-dialog"))
        page.click("#trial-dialog >> text=Close")

        page.click("#parameter-summary")
        page.click("#parameter-picker label >> text=momentum")
        self.assertEqual(page.locator("[data-column='param-3']").count(), 0)
        page.evaluate("drawUndrawn()")
        self.assertNotIn("momentum", self.traces(page, "slice"))

    def select_lines_of_sgd(self):
        self.page.locator("#parallel").scroll_into_view_if_needed()
        place = self.page.evaluate("""() => {
          const labels = [...document.querySelectorAll('#plot-parallel .axis-title')];
          const label = labels.find(label => label.textContent === 'optimizer');
          const axis = label.closest('.y-axis').querySelector('.axis-brush');
          const box = axis.getBoundingClientRect();
          return {x: box.x + box.width / 2, top: box.y, bottom: box.y + box.height};
        }""")
        self.page.mouse.move(place["x"], place["bottom"] - 4)
        self.page.mouse.down()
        self.page.mouse.move(place["x"], place["bottom"] - 40, steps=4)
        self.page.mouse.up()
        self.page.wait_for_function("brush.numbers !== null")

    def numbers(self):
        return list(map(int, self.column(self.page, "number")))

    def test_lines_selected_on_an_axis_select_rows(self):
        self.select_lines_of_sgd()
        self.assertEqual(self.numbers(), [i for i in FINITE if i % 3 == 0])
        self.assertIn("selected in the parallel coordinates", self.page.inner_text("#trials"))

    def test_lines_are_selected_on_the_axis_that_is_dragged_elsewhere(self):
        self.page.locator("#parallel").scroll_into_view_if_needed()
        self.page.wait_for_function("document.getElementById('plot-parallel').data?.length > 0")
        labels = "document.getElementById('plot-parallel').data[0].dimensions.map(axis => axis.label).join()"
        before = self.page.evaluate(labels)
        box = self.page.locator("#plot-parallel .axis-title", has_text="optimizer").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 300, y, steps=10)
        self.page.mouse.up()
        self.page.wait_for_function(f"{labels} !== {json.dumps(before)}")
        self.select_lines_of_sgd()
        self.assertEqual(self.numbers(), [i for i in FINITE if i % 3 == 0])

    def test_a_selection_takes_up_new_trials_and_ends_with_its_axes(self):
        self.select_lines_of_sgd()
        # As a running study sends them, while the plot is out of view.
        self.page.evaluate("""() => {
          cards.get("parallel").isVisible = false;
          report.trials.push({...report.trials[0], number: 60}, {...report.trials[1], number: 61});
          showEverything();
        }""")
        self.assertEqual(self.numbers(), [i for i in FINITE if i % 3 == 0] + [60])
        self.page.evaluate("""() => {
          report.trials.length = 60;
          selection.parameters = [0, 1];
          selectionChanged();
          cards.get("parallel").isVisible = true;
        }""")
        self.assertEqual(self.numbers(), list(range(50)))
        self.assertNotIn("selected in the parallel coordinates", self.page.inner_text("#trials"))

    def test_light_and_dark(self):
        self.page.locator("#history").scroll_into_view_if_needed()
        self.page.wait_for_function("cards.get('history').isVisible")
        look = """() => [getComputedStyle(document.body).backgroundColor,
                         document.getElementById('plot-history').layout.font.color]"""
        light = self.page.evaluate(look)
        self.page.click("#theme-toggle")
        dark = self.page.evaluate(look)
        self.assertEqual((light[0], dark[0]), ("rgb(244, 246, 248)", "rgb(17, 23, 29)"))
        self.assertNotEqual(light[1], dark[1])
        self.page.click("#theme-toggle")
        self.assertEqual(self.page.evaluate(look), light)
        self.page.emulate_media(color_scheme="dark")
        self.assertEqual(self.page.evaluate(look), light)  # What was asked for stays.


class OtherStudies(BrowserTest):
    def assert_fits(self, page):
        """Nothing is wider than the screen; wide things scroll inside their cards."""
        self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), page.evaluate("innerWidth"))

    def empties(self, page):
        return page.eval_on_selector_all(
            ".card .empty:not([hidden])", "nodes => nodes.map(node => node.closest('.card').id)"
        )

    def test_a_phone_in_the_dark_shows_all_of_it_in_one_column(self):
        stored_studies.write_rich(self.path("rich.db"))
        page = self.open(self.report("rich.db"), width=390, color_scheme="dark", has_touch=True)
        self.assert_fits(page)
        lefts = page.eval_on_selector_all(
            ".card", "cards => cards.map(card => Math.round(card.getBoundingClientRect().left))"
        )
        self.assertEqual(len(set(lefts)), 1)
        self.assertEqual(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(17, 23, 29)")
        self.assertGreaterEqual(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"), 14)
        page.tap("#trial-table tbody tr >> nth=2")
        self.assertIn("Trial 2", page.inner_text("#trial-dialog"))

    def test_names_are_texts_whatever_stands_in_them(self):
        stored_studies.write_hostile(self.path("hostile.db"))
        page = self.open(self.report("hostile.db"))
        self.assertEqual(page.evaluate("typeof hacked"), "undefined")
        self.assertEqual(
            page.evaluate(
                "document.querySelectorAll('main img, main script, #trial-dialog img, a[href^=javascript]').length"
            ),
            0,
        )
        self.assertEqual(page.locator("#study-name").get_attribute("title"), "".join(stored_studies.HOSTILE[:2]))
        self.assertIn("<img src=x onerror=hacked=1>", page.inner_text("#overview"))
        for plot in ("slice", "parallel", "importances"):  # Plotly reads a little HTML in its labels.
            labels = page.eval_on_selector_all(f"#plot-{plot} text", "texts => texts.map(text => text.textContent)")
            self.assertIn("<b>bold</b>", labels)
        page.click("#trial-table tbody tr >> nth=4")
        for name in (
            "</script><script>hacked=1</script>",
            "__proto__",
            "constructor",
            "研究 исследование שלום عربى 🧪",
            "␣evil␣",
        ):
            self.assertIn(name, page.inner_text("#trial-dialog"))
        page.keyboard.press("Escape")
        for name in ("__proto__", "constructor"):
            page.fill("#table-filter", f"{name}=__proto__")
            self.assertEqual(self.column(page, "number"), ["6"])
        page.locator("#history").scroll_into_view_if_needed()
        page.locator("#plot-history .scatterlayer .point").nth(4).hover(force=True)
        page.wait_for_selector("#plot-history .hoverlayer .hovertext")
        self.assertIn("</script>", page.text_content("#plot-history .hoverlayer .hovertext"))
        self.assertEqual(page.evaluate("document.querySelectorAll('.js-plotly-plot a, .js-plotly-plot b').length"), 0)

    def test_next_to_nothing_is_shown_as_that(self):
        stored_studies.write_small(self.path("small.db"))
        plots = {"history", "reports", "importances", "edf", "parallel", "slice", "contour", "learning", "timeline"}
        for study, filled in (
            ("empty", set()),
            ("one", {"history", "edf", "parallel", "slice", "timeline"}),
            ("bare", {"history", "edf", "parallel", "timeline"}),
            ("failed", {"timeline"}),
            ("wild", {"history", "reports", "importances", "edf", "parallel", "slice", "learning", "timeline"}),
        ):
            with self.subTest(study):
                page = self.open(self.report("small.db", "--study", study))
                self.assertEqual(plots - set(self.empties(page)), filled)
                self.assert_fits(page)
                if study == "wild":
                    self.assertIn("−∞", page.inner_text("#best"))
                    values = ["∞", "−∞", "1", "1e308", "−1e308", "5e−324"]
                    self.assertEqual(self.column(page, "value-0"), values)

    def test_three_objectives_have_a_front_of_any_two(self):
        stored_studies.write_three_objectives(self.path("three.db"))
        page = self.open(self.report("three.db"))
        front = self.traces(page, "front")
        # Sizes grow again from trial 15 on, but so does the first objective: only infeasible ones are beaten.
        self.assertEqual(front["Pareto front"]["numbers"], [i for i in range(20) if i != 5])
        self.assertEqual(front["infeasible"]["numbers"], [5])
        page.select_option("[aria-label='Objective on the y axis']", "2")
        self.assertEqual(self.traces(page, "front")["Pareto front"]["y"][0], 40)
        page.select_option("[aria-label='Objective']", "1")
        self.assertEqual(page.evaluate("document.getElementById('plot-history').layout.yaxis.title.text"), "seconds")
        self.assertIn("Pareto front: 19 trials", page.inner_text("#best"))

    def test_a_thousand_parameters_are_chosen_from(self):
        stored_studies.write_wide(self.path("wide.db"))
        page = self.open(self.report("wide.db"))
        self.assertIn("12 of 1000", page.inner_text("#parameter-summary"))
        self.assertEqual(len(self.rows(page)[0]), 18)
        page.click("#parameter-summary")
        page.fill("[aria-label='Find a parameter']", "parameter_0777")
        page.click("#parameter-picker label >> text=parameter_0777")
        self.assertIn(
            "parameter_0777",
            self.traces(page, "slice")
            | {
                name: 0
                for name in page.evaluate(
                    "document.getElementById('plot-parallel').data[0].dimensions.map(dimension => dimension.label)"
                )
            }
            | {
                text: 0
                for text in page.eval_on_selector_all(
                    "#trial-table th button", "heads => heads.map(head => head.title)"
                )
            },
        )
        self.assert_fits(page)

    def test_ten_thousand_trials_do_not_freeze_it(self):
        stored_studies.write_long(self.path("long.db"))
        page = self.open(self.report("long.db"))
        complete = [i for i in range(10_000) if i % 3]
        history = self.traces(page, "history")["COMPLETE"]
        self.assertEqual(history["numbers"], complete)
        self.assertEqual(page.evaluate("document.getElementById('plot-history').data[0].type"), "scattergl")
        reports = self.traces(page, "reports")
        self.assertEqual(
            sum(len(trace["numbers"]) for name, trace in reports.items() if name in ("COMPLETE", "PRUNED")), 300
        )
        self.assertIn("300 of 10,000 trials", page.inner_text("#reports .note"))
        self.assertLessEqual(len(self.rows(page)), 50)
        for card, n_drawn in (("parallel", 1000), ("slice", 2000)):
            self.assertIn(f"{n_drawn:,} of {len(complete):,} trials are drawn", page.inner_text(f"#{card} .note"))
        self.assertEqual(len(self.traces(page, "slice")["lr"]["numbers"]), 2000)
        best = page.evaluate("bestTrial().number")
        self.assertIn(best, self.traces(page, "slice")["lr"]["numbers"])
        # What a person does costs a page of rows, not ten thousand.
        page.fill("#table-filter", "kind=b lr<0.0001")
        self.assertIn("of 10,000 trials", page.inner_text("#trials .pager"))
        self.assertLess(page.evaluate("document.querySelectorAll('*').length"), 20_000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
