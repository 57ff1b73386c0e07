"""The real optuna-dashboard on a file, and what it answers."""

import json
import threading
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

import optuna_dashboard


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format, *args):  # Without a line a request.
        pass


class Dashboard:
    """Serves a file on a free port until it is closed. It remembers trials for some seconds: who waits for a trial
    asks again."""

    def __init__(self, path):
        self._server = make_server("127.0.0.1", 0, optuna_dashboard.wsgi(f"sqlite:///{path}"),
                                   handler_class=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def request(self, path, method="GET", body=None):
        """The text it answers; an HTTP error is raised."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._server.server_port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def get(self, path):
        return json.loads(self.request(path))

    def studies(self):
        return self.get("/api/studies")["study_summaries"]

    def study(self, study_id=1):
        """The study with all its trials."""
        return self.get(f"/api/studies/{study_id}")


def params_of(trial):
    return {param["name"]: param["param_external_value"] for param in trial["params"]}


def reports_of(trial):
    return [(report["step"], report["value"]) for report in trial["intermediate_values"]]


def attributes_of(item):
    return {attribute["key"]: attribute["value"] for attribute in item["user_attrs"]}
