"""What the routes about services answer. A service's token stays here: the server asks for the browser."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from e2e_lab import models, serving
from e2e_lab.errors import ServiceNotFound
from e2e_lab.records import Package, Ref, Service, Stopped
from e2e_lab.records.model_panels import (
    Answered,
    PredictionEntry,
    PredictionPage,
    ServiceEntry,
    ServiceLog,
    ServicePage,
    ServiceToken,
    Traffic,
)
from e2e_lab.workspace.server.asked import Asked

if TYPE_CHECKING:
    from e2e_lab.serving import Prediction

FIRST = 5
"""Answers and rows of a request that a listing shows."""


def listed(asked: Asked) -> ServicePage:
    """``GET services``."""
    found = _known(asked)
    names = asked.page(sorted(found))
    running = {service.name: service for service in serving.services(asked.project)}
    with ThreadPoolExecutor(4) as beside:  # one that does not answer must not hold up the others
        items = tuple(beside.map(lambda name: _entry(asked, found[name], running.get(name)), names))
    return ServicePage(items=items, total=len(found), limit=asked.query["limit"], offset=asked.query["offset"])


def service(asked: Asked) -> ServiceEntry:
    """``GET services/{service}``."""
    name = asked.words["service"]
    known = _known(asked)
    if name not in known:
        models.find_package(asked.project, Ref(name=name))  # says which were meant
    running = next((one for one in serving.services(asked.project) if one.name == name), None)
    return _entry(asked, known[name], running)


def _known(asked: Asked) -> dict[str, list[Package]]:
    """The packages of each service, oldest first."""
    known: dict[str, list[Package]] = {}
    for package in models.packages(asked.project):
        known.setdefault(package.service, []).append(package)
    return known


def _entry(asked: Asked, packages: list[Package], running: Service | None) -> ServiceEntry:
    newest = max(packages, key=lambda package: package.version)
    if running is None:
        return ServiceEntry(
            name=newest.service, state="stopped", ref=newest.ref, newest=newest.ref, model=newest.model_ref, url=None,
            since=None, requests=0, p50=None, p95=None, package=newest,
        )  # fmt: skip
    package = next((one for one in packages if one.version == running.version), newest)
    requests, times = serving.since_start(asked.project, running)
    return ServiceEntry(
        name=running.name, state="serving" if serving.answers(running) else "unreachable",
        ref=running.ref, newest=newest.ref, model=running.model_ref,
        url=running.url, since=running.since, requests=requests, p50=serving.part(times, 0.5),
        p95=serving.part(times, 0.95), package=package,
    )  # fmt: skip


def stop(asked: Asked) -> Stopped:
    """``POST services/{service}/stop``."""
    return serving.stop(asked.project, asked.words["service"])


def token(asked: Asked) -> ServiceToken:
    """``POST services/{service}/token``: a change in name, so that who may only look is not told."""
    return ServiceToken(token=serving.endpoint(asked.project, asked.words["service"]).token)


def log(asked: Asked) -> ServiceLog:
    """``GET services/{service}/log``."""
    return serving.log(asked.project, asked.words["service"], asked.query["offset"])


# ---- trying it -----------------------------------------------------------------------------------------------


async def form(asked: Asked) -> dict[str, Any]:
    """``GET services/{service}/schema``, as the worker says it."""
    package = await asyncio.to_thread(_served, asked)
    return await asked.backend.models.ask("form", asked.project, None, {"ref": package.ref})


def predict(asked: Asked) -> Answered:
    """``POST services/{service}/predict``: one request to the service, with its token."""
    endpoint = serving.endpoint(asked.project, asked.words["service"])
    began = time.perf_counter()
    said = endpoint.predict(list(asked.body.rows))
    took = round(time.perf_counter() - began, 6)
    return Answered(id=said["id"], model=said["model"], predictions=tuple(said["predictions"]), seconds=took)


async def compare(asked: Asked) -> dict[str, Any]:
    """``POST services/{service}/compare``, as the worker says it: asked after the answer, which never waits for it."""
    package = await asyncio.to_thread(_served, asked)
    words = {"ref": package.ref, **asked.body.to_json()}
    return await asked.backend.models.ask("compare", asked.project, None, words)


def _served(asked: Asked) -> Package:
    """The package that runs, else the newest."""
    name = asked.words["service"]
    try:
        running = serving.endpoint(asked.project, name).service
    except ServiceNotFound:
        return models.find_package(asked.project, Ref(name=name))
    return models.find_package(asked.project, Ref(name=name, selector=f"v{running.version}"))


# ---- what was asked ------------------------------------------------------------------------------------------


def predictions(asked: Asked) -> PredictionPage:
    """``GET services/{service}/predictions``."""
    name = models.find_package(asked.project, Ref(name=asked.words["service"])).service
    offset, limit = asked.query["offset"], asked.query["limit"]
    found, total = serving.recent(asked.project, name, offset=offset, limit=limit)
    return PredictionPage(items=tuple(map(_prediction, found)), total=total, limit=limit, offset=offset)


def _prediction(found: Prediction) -> PredictionEntry:
    return PredictionEntry(
        id=found.id, time=found.time, ref=f"{found.service}@v{found.version}",
        model=f"{found.model}@v{found.model_version}", rows=found.rows, seconds=found.seconds,
        answers=found.predictions[:FIRST], inputs=None if found.inputs is None else found.inputs[:FIRST],
    )  # fmt: skip


def traffic(asked: Asked) -> Traffic:
    """``GET services/{service}/traffic``."""
    name = models.find_package(asked.project, Ref(name=asked.words["service"])).service
    return serving.traffic(asked.project, name)


async def trace(asked: Asked) -> dict[str, Any]:
    """``GET trace``, as the worker says it."""
    project = await asyncio.to_thread(lambda: asked.project)
    return await asked.backend.models.ask("trace", project, None, {"subject": asked.query["subject"]})
