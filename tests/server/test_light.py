"""The Jupyter server's process stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from e2e_lab.project import Project

HEAVY = {"pandas", "pyarrow", "numpy", "sklearn", "mlflow", "bentoml", "polars", "duckdb"}

SERVER = """
import json, sys
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

app = ServerApp(open_browser=False, port=0, port_retries=0, allow_root=True, root_dir=sys.argv[1], ip="127.0.0.1")
app.initialize(["--ServerApp.jpserver_extensions={'e2e_lab': True}", "--IdentityProvider.token=t", "--log-level=ERROR"])

async def look():
    try:
        said = {}
        for noun in json.loads(sys.argv[2]):
            url = f"{app.connection_url.rstrip('/')}/e2e-lab/api/{noun}{'&' if '?' in noun else '?'}project=flights"
            got = await AsyncHTTPClient().fetch(
                url, headers={"Authorization": "token t"}, raise_error=False, request_timeout=60,
            )
            said[noun] = got.code
        for noun, body in json.loads(sys.argv[3]).items():
            url = f"{app.connection_url.rstrip('/')}/e2e-lab/api/{noun}?project=flights"
            got = await AsyncHTTPClient().fetch(
                url, method="POST", body=json.dumps(body), headers={"Authorization": "token t"}, raise_error=False,
                request_timeout=60,
            )
            said[noun] = got.code
        print(json.dumps({"said": said, "modules": sorted(sys.modules)}), flush=True)
    finally:
        app.stop()

IOLoop.current().add_callback(look)
app.start()
"""


VERSION = "datasets/flights/snapshots/v1"
LOOKS = (
    "revision", "status", "projects", "datasets", "datasets/flights", "datasets/flights/snapshots", VERSION,
    f"{VERSION}/rows", f"{VERSION}/columns", f"{VERSION}/lineage", "diff?dataset=flights&a=v1&b=v2",
    "runs", "runs/columns",
    "origins?notebook=a.ipynb", "changes", "commits", "restore?revision=HEAD", "jobs", "openapi.json",
    "models", "packages", "services", "services?limit=1", "trace?subject=flights@v1",
    "kernels/python3",
)  # fmt: skip
CHANGES = {
    "restore": {"revision": "HEAD"},
    "datasets/late/rename": {"new": "later"},
    "datasets/flights/restore": {"selector": "v1"},
    "jobs": {"kind": "export", "args": {"ref": "flights"}},
    "mlflow": {},
}


@pytest.mark.integration
def test_the_server_imports_nothing_heavy(data: Project, jp_root_dir: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVER, jp_root_dir, json.dumps(LOOKS), json.dumps(CHANGES)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert {noun: code for noun, code in seen["said"].items() if code not in (200, 202)} == {}
    assert seen["said"].keys() == {*LOOKS, *CHANGES}
    assert HEAVY & set(seen["modules"]) == set()
