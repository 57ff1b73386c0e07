"""What the tests of the page share: one Chromium, pages that keep what they did wrong."""

import html.parser
import json
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli" / "program"))
from program_test import ProgramTest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LIMIT_MILLISECONDS = 120_000


class DataBlock(html.parser.HTMLParser):
    """The text of the data block, as an HTML parser sees it."""

    def __init__(self):
        super().__init__()
        self.text, self._inside = "", False

    def handle_starttag(self, tag, attributes):
        self._inside = ("id", "report-data") in attributes

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.text += data


def data_of(page_text):
    parser = DataBlock()
    parser.feed(page_text)
    return json.loads(parser.text, parse_constant=lambda name: 1 / 0)


class BrowserTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if program is None:
            raise RuntimeError("there is no Chromium: run tools/setup --tests")
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(executable_path=program)
        cls.addClassCleanup(cls.browser.close)

        cls.wrongs = []

    def setUp(self):
        super().setUp()
        self.wrongs.clear()
        self.expected_wrongs = ()

    def tearDown(self):
        wrongs = [wrong for wrong in self.wrongs if not any(part in wrong for part in self.expected_wrongs)]
        self.assertEqual(wrongs, [])
        super().tearDown()

    def report(self, db, *arguments):
        """Writes the report of a study; returns its path."""
        place = self.path(f"{len(self.names())}.html")
        self.succeed("report", db, "-o", place, *arguments)
        return place

    def visit(self, address, home, width=1280, keep=False, **options):
        """A page on that address, for this test or to be kept for the next ones. What it asks of anybody but `home`,
        complains of or throws is noted as wrong."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce", **options
        )
        (self.addClassCleanup if keep else self.addCleanup)(context.close)
        context.set_default_timeout(LIMIT_MILLISECONDS)
        page = context.new_page()
        note = self.wrongs.append
        page.on(
            "request",
            lambda request: request.url.startswith((home, "data:", "blob:")) or note(f"asked {request.url}"),
        )
        page.on("pageerror", lambda error: note(f"thrown {error}"))
        page.on("dialog", lambda dialog: (note(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: message.type == "error" and note(f"console {message.text}"))
        page.goto(address)
        return page

    def open(self, place, **options):
        page = self.visit(place.as_uri(), place.as_uri(), **options)
        page.evaluate("drawUndrawn()")
        return page

    def rows(self, page):
        """The cells of the table's rows."""
        return page.eval_on_selector_all(
            "#trial-table tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )

    def column(self, page, column):
        """The texts of a column of the table, by its id."""
        return page.evaluate(
            """id => {
          const heads = [...document.querySelectorAll('#trial-table th')];
          const at = heads.findIndex(head => head.dataset.column === id);
          return [...document.querySelectorAll('#trial-table tbody tr')].map(row => row.cells[at].textContent);
        }""",
            column,
        )

    def traces(self, page, card):
        """Name -> x, y and the numbers of the trials of each trace of a plot, gaps left out."""
        return page.evaluate(
            """card => Object.fromEntries(document.getElementById(`plot-${card}`).data.map(trace => [trace.name, {
          x: [...(trace.x ?? [])].filter(value => value !== null), y: [...(trace.y ?? [])],
          numbers: [...new Set([...(trace.customdata ?? [])].filter(value => value !== null))]}]))""",
            card,
        )
