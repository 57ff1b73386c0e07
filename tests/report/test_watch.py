"""The watch command: a page on localhost that follows a study, and nothing else."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import unittest
import urllib.parse

import stored_studies
from browser_test import BrowserTest, data_of
from program_test import LIMIT_SECONDS, ProgramTest


class Watching(ProgramTest):
    """Starts servers and asks them over real sockets."""

    def watch(self, db, *arguments):
        """A server on a free port; returns it with its host and port."""
        server = self.start("watch", db, "--port", "0", *arguments)
        address = server.stdout.readline().strip()
        self.assertTrue(address, server.poll() is not None and server.stderr.read())
        return server, urllib.parse.urlsplit(address)

    def ask(self, place, path="/", method="GET", host=None, body=None, headers=()):
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=LIMIT_SECONDS)
        self.addCleanup(connection.close)
        connection.putrequest(method, path, skip_host=True)
        if host != "":
            connection.putheader("Host", host or place.netloc)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse()

    def end(self, server, by=signal.SIGINT):
        server.send_signal(by)
        code, _, messages = self.finish(server)
        self.assertEqual(code, 128 + by, messages)
        self.assertNotIn("error", messages.lower())

    def events(self, place, since):
        """The events that follow a revision, as they come: (kind, id, data)."""
        stream = self.ask(place, f"/events?since={since}", headers=[("Accept", "text/event-stream")])
        self.assertEqual((stream.status, stream.headers["Content-Type"]), (200, "text/event-stream"))
        event = {}
        for line in map(lambda raw: raw.decode().rstrip("\n"), stream):
            if line == "" and "event" in event:
                yield event["event"], event["id"], json.loads(event["data"])
                event = {}
            elif ": " in line:
                name, _, value = line.partition(": ")
                event[name] = value

    def page(self, place):
        answer = self.ask(place)
        self.assertEqual(answer.status, 200)
        return data_of(answer.read().decode())


class Server(Watching):
    def setUp(self):
        super().setUp()
        stored_studies.write_rich(self.path("rich.db"))

    def test_it_serves_its_page_and_nothing_else(self):
        before = self.digest("rich.db")
        server, place = self.watch("rich.db")
        self.assertEqual(place.hostname, "127.0.0.1")
        data = self.page(place)
        self.assertEqual((data["study"]["name"], len(data["trials"]), data["page"]["live"]), ("rich", 60, True))
        head = self.ask(place, method="HEAD")
        self.assertEqual((head.status, head.read()), (200, b""))
        self.assertEqual(head.headers["X-Content-Type-Options"], "nosniff")
        for path in (
            "/index.html",
            "/../rich.db",
            "//",
            "/rich.db",
            "/%2e%2e/rich.db",
            "/events/",
            "/data.json",
            f"/{'a' * 4000}",
            "*",
            "http://127.0.0.1/",
        ):
            self.assertEqual(self.ask(place, path).status, 404, path)
        self.assertEqual(self.ask(place, f"/{'a' * 40000}").status, 431)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = self.ask(place, method=method)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"), method)
        self.end(server)
        self.assertEqual(self.digest("rich.db"), before)
        self.assertEqual(self.names(), ["rich.db"])

    def test_only_names_of_this_machine_are_answered(self):
        server, place = self.watch("rich.db")
        for host in (
            "localhost",
            "LOCALHOST:9999",
            "127.0.0.1",
            "[::1]:8080",
            "192.168.1.7:80",
            socket.gethostname(),
        ):
            self.assertEqual(self.ask(place, "/nothing", host=host).status, 404, host)
        for host in (
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:80:80",
            "localhost:",
            "[::1",
            "a@localhost",
            "localhost evil",
        ):
            for path in ("/", "/events"):
                self.assertIn(self.ask(place, path, host=host).status, (400, 403), host)
        self.end(server)

    def test_what_is_no_request_is_dropped(self):
        server, place = self.watch("rich.db")
        for bytes_sent in (b"", b"\0" * 100, b"GET", b"\x16\x03\x01" + os.urandom(200), b"GET / HTTP/1.1\r\nHost"):
            with socket.create_connection((place.hostname, place.port), timeout=LIMIT_SECONDS) as connection:
                connection.sendall(bytes_sent)
        self.assertEqual(self.ask(place, "/nothing").status, 404)
        self.end(server)

    def test_a_port_in_use_and_addresses_that_are_not_here_are_said(self):
        server, place = self.watch("rich.db")
        message = self.fail_with(1, "watch", "rich.db", "--port", place.port)
        self.assertIn(f"port {place.port} of 127.0.0.1 is in use", message)
        self.assertIn("--port 0", message)
        self.end(server, signal.SIGTERM)
        self.assertIn("203.0.113.9", self.fail_with(1, "watch", "rich.db", "--host", "203.0.113.9"))
        self.assertIn("no.such.host.invalid", self.fail_with(1, "watch", "rich.db", "--host", "no.such.host.invalid"))
        self.assertIn("from 0 to 65535", self.fail_with(2, "watch", "rich.db", "--port", "65536"))
        self.assertIn('no study "poor"', self.fail_with(2, "watch", "rich.db", "--study", "poor"))

    def test_ipv6_and_the_alias_work(self):
        server = self.start("dashboard", "rich.db", "--port", "0", "--host", "::1")
        place = urllib.parse.urlsplit(server.stdout.readline().strip())
        self.assertEqual(place.hostname, "::1")
        self.assertEqual(len(self.page(place)["trials"]), 60)
        self.end(server)

    def test_changes_are_sent_as_they_happen_and_only_they(self):
        server, place = self.watch("rich.db")
        revision = self.page(place)["page"]["revision"]
        events = self.events(place, revision)
        connection = sqlite3.connect(self.path("rich.db"))
        self.addCleanup(connection.close)
        connection.execute(
            "update trials set state = 'FAIL', datetime_complete = '2026-11-21 13:00:00.000000' where number = 58"
        )
        connection.commit()
        kind, first, data = next(events)
        self.assertEqual((kind, [trial["number"] for trial in data["trials"]]), ("change", [58]))
        self.assertEqual(data["trials"][0]["state"], "FAIL")
        connection.execute("update trials set state = 'RUNNING' where number = 59")
        connection.commit()
        kind, second, data = next(events)
        self.assertEqual([trial["number"] for trial in data["trials"]], [59])
        # Who was away is told of both, who knows the last is told nothing it knows.
        self.assertEqual([trial["number"] for trial in next(self.events(place, revision))[2]["trials"]], [58, 59])
        stream = self.ask(place, f"/events?since={revision}", headers=[("Last-Event-ID", first)])
        text = b"".join(stream.readline() for _ in range(5)).decode()
        self.assertNotIn('"number":58', text)
        self.assertIn('"number":59', text)
        self.assertEqual(next(self.events(place, "0123-1"))[0], "reload")
        self.assertEqual(next(self.events(place, ""))[0], "reload")
        self.assertNotEqual(first, second)
        self.end(server)

    def test_listeners_that_vanish_do_no_harm(self):
        server, place = self.watch("rich.db")
        # Together more than are served at once.
        for state in ("FAIL", "PRUNED", "RUNNING"):
            revision = self.page(place)["page"]["revision"]
            request = f"GET /events?since={revision} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode()
            for _ in range(40):
                with socket.create_connection((place.hostname, place.port), timeout=LIMIT_SECONDS) as connection:
                    connection.sendall(request)
            events = self.events(place, revision)
            connection = sqlite3.connect(self.path("rich.db"))
            connection.execute("update trials set state = ? where number = 58", (state,))
            connection.commit()
            connection.close()
            self.assertEqual(next(events)[0], "change")
            events.close()
        self.end(server)

    def test_a_study_that_is_deleted_and_comes_back_is_told(self):
        server, place = self.watch("rich.db")
        events = self.events(place, self.page(place)["page"]["revision"])
        os.rename(self.path("rich.db"), self.path("away.db"))
        kind, gone, text = next(events)
        self.assertEqual(kind, "trouble")
        self.assertIn("rich.db", text)
        page = self.page(place)
        self.assertEqual(len(page["trials"]), 60)
        # Who opens the page meanwhile is told as well, and nobody twice.
        late = self.events(place, page["page"]["revision"])
        self.assertEqual(next(late), (kind, gone, text))
        os.rename(self.path("away.db"), self.path("rich.db"))
        self.assertEqual([next(listener)[0] for listener in (events, late)], ["change", "change"])
        self.succeed("delete-study", "rich.db", "--study", "rich", "--yes", "--force")
        kind, _, text = next(events)
        self.assertEqual((kind, text), ("trouble", 'The study "rich" is not in rich.db any more.'))
        self.path("rich.db").unlink()
        stored_studies.write_small(self.path("rich.db"))
        with sqlite3.connect(self.path("rich.db")) as connection:
            connection.execute("update studies set study_name = 'rich' where study_name = 'one'")
        connection.close()
        while (event := next(events))[0] == "trouble":
            pass
        self.assertEqual(event[0], "reload")
        self.assertEqual(len(self.page(place)["trials"]), 1)
        self.end(server)


class InABrowser(BrowserTest, Watching):
    def test_the_page_follows_a_study_that_runs(self):
        self.study("tiny")
        self.succeed("tiny.json", "--trials", "2", "--jobs", "1")
        server, place = self.watch("tiny.db")
        page = self.visit(place.geturl(), place.geturl())
        page.wait_for_selector("#live-state.on")
        self.assertEqual(len(self.rows(page)), 2)
        run = self.start("tiny.json", "--trials", "8", "--jobs", "1")
        page.wait_for_function("document.querySelectorAll('#trial-table tbody tr').length >= 5")
        self.assertEqual(self.finish(run)[0], 0)
        page.wait_for_function("statesCount().COMPLETE + statesCount().PRUNED === 8")
        page.wait_for_function("document.getElementById('plot-history').data[0].x.length === statesCount().COMPLETE")
        best = json.loads(self.succeed("best-trial", "tiny.db", "-f", "json"))
        page.wait_for_function(f"document.getElementById('best').textContent.includes('Trial {best['number']}')")
        # What a person does on the page stays while the study goes on.
        page.fill("#table-filter", "state=COMPLETE")
        n_complete = len(self.rows(page))
        self.succeed("enqueue", "tiny.json", "--params", "{}")
        page.wait_for_function("statesCount().WAITING === 1")
        page.wait_for_function("!pending")
        self.assertEqual((page.input_value("#table-filter"), len(self.rows(page))), ("state=COMPLETE", n_complete))

        self.succeed("delete-study", "tiny.db", "--study", "tiny", "--yes")
        page.wait_for_selector("#banner:not([hidden])")
        self.assertIn("is not in tiny.db any more", page.inner_text("#banner"))
        self.assertEqual(len(self.rows(page)), n_complete)
        # A connection that is made anew does not bring the study back.
        page.wait_for_selector("#live-state.off")
        page.evaluate("events.dispatchEvent(new Event('open'))")
        self.assertEqual(page.inner_text("#live-state"), "nothing new")
        self.expected_wrongs = ("ERR_",)  # The browser logs that the connection was lost.
        self.end(server)
        page.wait_for_selector("#live-state.off")
        self.assertIn("connection lost", page.inner_text("#live-state"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
