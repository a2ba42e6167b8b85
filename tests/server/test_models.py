"""Registered models, their aliases and packages by the routes of the panel: MLflow's own registry, real Bentos."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from e2e_lab import models, storage
from e2e_lab.project import Project
from e2e_lab.records import Ref
from tests.server.lab import done
from tests.server.test_jobs import over

pytestmark = pytest.mark.integration


async def test_models_are_listed_with_aliases_run_data_and_package(asking: Any, lab: Project) -> None:
    page = (await asking("models")).body
    assert page["total"] == 2
    newest, first = page["items"]
    assert (newest["ref"], newest["run_name"], newest["package"], newest["aliases"]) == ("delay@v2", "deeper", None, [])
    assert (first["ref"], first["run_name"], first["package"]) == ("delay@v1", "baseline", "delay@v1")
    assert (first["aliases"], first["class_name"]) == (["champion"], "Pipeline")
    clean = storage.current(lab, "flights_clean")
    assert [(one["name"], one["version"], one["id"]) for one in first["data"]] == [("flights_clean", 1, clean.id)]
    cut = (await asking("models", offset="1", limit="1")).body
    assert ([one["ref"] for one in cut["items"]], cut["total"]) == (["delay@v1"], 2)
    assert (await asking("models", name="other")).body["total"] == 0
    packages = (await asking("packages")).body["items"]
    assert [one["bento"] for one in packages] == ["delay:v1"]
    assert (packages[0]["replay"]["rows"], packages[0]["replay"]["different"]) == (200, 0)


async def test_an_alias_moves_and_goes_and_mlflow_sees_it(asking: Any, lab: Project) -> None:
    moved = await asking("models/delay/aliases", body={"alias": "champion", "version": 2})
    assert (moved.status, moved.body["aliases"], moved.body["notes"]) == (200, ["champion"], ["champion was v1"])
    assert models.find_model(lab, Ref(name="delay")).version == 2
    assert [one["aliases"] for one in (await asking("models")).body["items"]] == [["champion"], []]
    gone = await asking("models/delay/aliases/champion", method="DELETE")
    assert (gone.status, gone.body["version"], gone.body["aliases"]) == (200, 2, [])
    assert models.find_model(lab, Ref(name="delay", selector="v2")).aliases == ()
    refused = await asking("models/delay/aliases", body={"alias": "v7", "version": 2})
    assert (refused.status, refused.body["code"]) == (400, "usage")
    lost = await asking("models/delay/aliases/champion", method="DELETE")
    assert (lost.status, lost.body["code"]) == (404, "model_not_found")
    number = await asking("models/delay/aliases/v1", method="DELETE")
    assert (number.status, number.body["code"]) == (404, "model_not_found")


async def test_packaging_is_a_job_that_tells_its_steps_and_its_replay(asking: Any, lab: Project) -> None:
    job = await done(asking, "package", ref="delay@v2")
    assert (job["state"], job["error"]) == ("done", None)
    assert (job["result"]["version"], job["result"]["replay"]["different"]) == (2, 0)
    assert "200 stored rows answered equal to the model" in job["answer"]
    log = (await asking(f"jobs/{job['id']}/log")).body["text"].splitlines()
    steps = ["looking up", "writing the service delay@v2", "building the Bento", "asking the built service the 200"]
    assert [line.startswith(step) for line, step in zip(log, steps, strict=False)] == [True] * 4
    assert (await asking("models")).body["items"][0]["package"] == "delay@v2"
    unknown = await done(asking, "package", ref="delya")
    assert (unknown["state"], unknown["error"]["code"]) == ("failed", "model_not_found")


async def test_a_cancelled_package_leaves_nothing(asking: Any, lab: Project) -> None:
    begun = (await asking("jobs", body={"kind": "package", "args": {"ref": "delay@v2"}})).body
    while (await asking(f"jobs/{begun['id']}")).body["said"][:8] != "building":
        await asyncio.sleep(0.05)
    assert (await asking(f"jobs/{begun['id']}/cancel", body={})).status == 200
    assert (await over(lambda noun, **words: asking(noun), begun))["state"] == "cancelled"
    assert [one["bento"] for one in (await asking("packages")).body["items"]] == ["delay:v1"]
    assert [path.name for path in (lab.home / "packages").iterdir() if path.name.startswith(".making")] == []
