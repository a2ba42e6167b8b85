"""What the routes about registered models and packages answer; the server itself reads files and one database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from e2e_lab import experiments, models
from e2e_lab.records import Package
from e2e_lab.records.model_panels import ModelPage, PackagePage, RegisteredVersion
from e2e_lab.workspace.server.asked import Asked


async def versions(asked: Asked) -> ModelPage:
    """``GET models``."""
    if await asyncio.to_thread(experiments.is_remote, asked.project):
        said = await asked.backend.models.ask("models", asked.project, None, {})
        return await asyncio.to_thread(_page, asked, ModelPage.from_json(said).items)
    return await asyncio.to_thread(lambda: _page(asked, models.registered(asked.project)))


def _page(asked: Asked, found: Sequence[RegisteredVersion]) -> ModelPage:
    name = asked.query["name"]
    found = [version for version in found if name in (None, version.name)]
    packed = {(of.model, of.model_version, of.run): of.ref for of in models.packages(asked.project)}
    shown = [
        replace(version, package=packed.get((version.name, version.version, version.run)))
        for version in asked.page(found)
    ]
    limit, offset = asked.query["limit"], asked.query["offset"]
    return ModelPage(items=tuple(shown), total=len(found), limit=limit, offset=offset)


async def set_alias(asked: Asked) -> dict[str, Any]:
    """``POST models/{model}/aliases``."""
    words = {"model": asked.words["model"], "version": asked.body.version, "alias": asked.body.alias}
    return await asked.backend.models.ask("alias", await _project(asked), None, words)


async def remove_alias(asked: Asked) -> dict[str, Any]:
    """``DELETE models/{model}/aliases/{alias}``."""
    return await asked.backend.models.ask("unalias", await _project(asked), None, dict(asked.words))


async def _project(asked: Asked) -> Any:
    return await asyncio.to_thread(lambda: asked.project)


def packages(asked: Asked) -> PackagePage:
    """``GET packages``."""
    service = asked.query["service"]
    found: list[Package] = [one for one in models.packages(asked.project) if service in (None, one.service)][::-1]
    limit, offset = asked.query["limit"], asked.query["offset"]
    return PackagePage(items=tuple(asked.page(found)), total=len(found), limit=limit, offset=offset)
