"""Runs one built Bento as one process: ``python -P worker.py FOLDER --fd N [--owner PID:STARTED] [--state FILE]``.

``bentoml serve`` starts a supervisor and a worker in a process group of its own, which outlives a killed supervisor.
Here the Bento's own ASGI application runs under uvicorn in this very process, on a socket that the parent has bound,
and ends by itself when the process that owns it has ended, however that ended, or when the file with the state of the
service names another process or is gone. This file imports nothing of e2e-lab.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

STOP_SECONDS = 3
ADOPT_SECONDS = 180
"""How long after its start the service may not yet be named in its state file."""


def main() -> None:
    """Serve until SIGTERM, or until nobody wants the service any more."""
    words = argparse.ArgumentParser()
    words.add_argument("folder")
    words.add_argument("--fd", type=int, required=True)
    words.add_argument("--owner", default="")
    words.add_argument("--state", default="")
    given = words.parse_args()
    threading.Thread(target=_watch, args=(given.owner, given.state), daemon=True).start()
    _serve(given.folder, socket.socket(fileno=given.fd))


def _serve(folder: str, listening: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        _application(folder),
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _application(folder: str) -> Any:
    """The ASGI application of the Bento in *folder*, made as in BentoML's ``_bentoml_impl/worker/service.py``."""
    from _bentoml_impl.loader import load  # type: ignore[import-untyped]
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.context import server_context
    from bentoml._internal.log import configure_server_logging
    from bentoml._internal.server.metrics.prometheus import PrometheusClient

    # One process needs no folder to add its numbers up in.
    BentoMLContainer.metrics_client.set(PrometheusClient(multiproc=False))
    configure_server_logging()  # type: ignore[no-untyped-call]
    # A line for each request grows without end; predictions have their own log.
    logging.getLogger("bentoml.access").setLevel(logging.WARNING)
    service = load(folder, standalone_load=True)
    server_context.service_type = "entry_service"
    server_context.service_name = service.name
    if service.bento is not None:
        server_context.bento_name = service.bento.tag.name
        server_context.bento_version = service.bento.tag.version or ""
    return service.to_asgi(is_main=True)


def _watch(owner: str, state: str) -> None:
    pid, _, started = owner.partition(":")
    adopted = time.monotonic() + ADOPT_SECONDS
    while (not owner or _lives(int(pid), float(started))) and (
        not state or time.monotonic() < adopted or _is_named_in(state)
    ):
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS + 2)
    os._exit(1)


def _is_named_in(state: str) -> bool:
    try:
        return bool(json.loads(Path(state).read_text("utf-8"))["pid"] == os.getpid())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _lives(pid: int, started: float) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


if __name__ == "__main__":
    main()
