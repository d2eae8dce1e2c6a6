"""As much of a W&B server as its own programs need to upload runs, to store a chart and to save a workspace.

Everything on this side of the network is W&B's: the exceptions that a refusal becomes are the real ones.
"""

import gzip
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from commands import unrolled

Variables = dict[str, Any]
USER = "someone"


class Refused(Exception):
    """Becomes the answer `{"errors": [...]}`."""


class Server(ThreadingHTTPServer):
    """asked: the operations so far, with their variables. refused: operations, and ids of runs, that get an error.

    runs: (entity, project, id) of what has arrived whole. charts: name -> specification. views: name -> what was saved.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, Variables]] = []
        self.refused: set[str] = set()
        self.runs: list[tuple[str, str, str]] = []
        self.charts: dict[str, Any] = {}
        self.views: dict[tuple[str, str], Variables] = {}

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, operation: str, asked: Variables) -> Any:
        self.asked.append((operation, asked))
        if operation in self.refused:
            raise Refused(f"{operation} is refused")
        known = getattr(self, operation, None)
        return known(asked) if known is not None else {}

    def times(self, operation: str) -> int:
        return [name for name, _ in self.asked].count(operation)

    def Viewer(self, _: Variables) -> Any:  # noqa: N802
        return {"viewer": {"id": "user", "entity": USER, "username": USER, "flags": "{}", "teams": {"edges": []}}}

    GetDefaultEntity = Viewer

    def UpsertBucket(self, asked: Variables) -> Any:  # noqa: N802
        if asked["name"] in self.refused:
            raise Refused(f"run {asked['name']} was previously created and deleted")
        project = {"id": "project", "name": asked["project"], "entity": {"id": "user", "name": asked["entity"] or USER}}
        bucket = {"id": "run", "name": asked["name"], "displayName": asked["displayName"], "config": "{}"}
        return {"upsertBucket": {"bucket": {**bucket, "historyLineCount": 0, "project": project}, "inserted": True}}

    def CreateRunFiles(self, asked: Variables) -> Any:  # noqa: N802
        files = [{"name": name, "uploadUrl": f"{self.url}/files/{name}"} for name in asked["files"]]
        return {"createRunFiles": {"runID": "run", "uploadHeaders": [], "files": files}}

    def CreateArtifact(self, _: Variables) -> Any:  # noqa: N802
        """The same as one that is there: then nothing of it is uploaded."""
        sequence = {"latestArtifact": {"id": "artifact"}}
        return {"createArtifact": {"artifact": {"id": "artifact", "state": "COMMITTED", "artifactSequence": sequence}}}

    def CreateCustomChart(self, asked: Variables) -> Any:  # noqa: N802
        name = f"{asked['entity']}/{asked['chartName']}"
        if name in self.charts:
            raise Refused(f"custom chart {name} already exists")
        self.charts[name] = json.loads(asked["spec"])
        return {"createCustomChart": {"chart": {"id": name}}}

    def UpsertView2(self, asked: Variables) -> Any:  # noqa: N802
        """A new view where no id is given, whatever its name, as after a push that remembers nothing."""
        key = asked.get("id") or f"view-{len(self.views)}"
        self.views[asked["projectName"], key] = asked
        return {"upsertView": {"view": {"id": key, "name": asked["name"]}, "inserted": "id" not in asked}}

    def View(self, asked: Variables) -> Any:  # noqa: N802
        found = [
            {"node": {"id": key, "displayName": view["displayName"], "spec": view["spec"]}}
            for (project, key), view in self.views.items()
            if (project, view["name"]) == (asked["name"], asked["viewName"])
        ]
        return {"project": {"allViews": {"edges": found}}}


class _Handler(BaseHTTPRequestHandler):
    server: Server  # type: ignore[assignment]

    def do_POST(self) -> None:
        body = self._body()
        if not self.path.endswith("/graphql"):
            if body.get("complete"):  # the last of a run's history
                _, _, entity, project, run, _ = self.path.split("/")
                self.server.runs.append((entity, project, run))
            self._reply({})
            return
        named = re.search(r"(?:query|mutation)\s+(\w+)", body["query"])
        assert named is not None
        try:
            self._reply({"data": self.server.answer(named[1], body.get("variables") or {})})
        except Refused as error:
            self._reply({"errors": [{"message": str(error)}]})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._reply({})

    def log_message(self, format: str, *args: Any) -> None: ...

    def _body(self) -> Any:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        return json.loads(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)

    def _reply(self, value: Any) -> None:
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def with_account(server: Server, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`unrolled WORDS` of somebody whose account is on that server, in the folder `home`."""
    account = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": "k" * 40, "NETRC": str(home / "netrc")}
    if words[0] == "sync":
        account |= {"WANDB_MODE": "offline", "WANDB_DIR": "/nowhere"}  # set aside: to sync is to be online
    environment = {**os.environ, **account, "WANDB_CONFIG_DIR": str(home), "WANDB_ERROR_REPORTING": "false"}
    return unrolled(*words, folder=home, environment=environment)


def told(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """Our own lines among those of W&B's programs."""
    return [line for line in ended.stderr.splitlines() if line.startswith("unrolled: ")]
