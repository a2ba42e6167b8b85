"""Registered models: names, versions and aliases in MLflow's own registry, beside the runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from e2e_lab import experiments, versioning
from e2e_lab.errors import GitError, ModelNotFound, NotFound, RunNotFound, UsageError, closest
from e2e_lab.project import Project, taking_turns
from e2e_lab.records import KeptModel, ModelVersion, Ref, Run, model_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Registered

_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_PLACE = re.compile(r" at 0x[0-9a-fA-F]+")
FINGERPRINT, HASH, DATA, RUN = "e2e.fingerprint", "e2e.hash", "e2e.data", "e2e.run"
MODEL, MODEL_ID = "e2e.model", "e2e.model_id"


def register(
    project: Project, run: Run, name: str, *, alias: str | None = None, model: str | None = None
) -> ModelVersion:
    """A version of the registered model *name* made from what *run* kept, with *alias* moved to it.

    Nothing is added (``changed=False``) where the newest version answers the same, from the same data and parameters,
    and all cells behind it ran again: running a whole notebook twice registers once. An alias is moved all the same.
    Waits for the proof that the kept model loads elsewhere. With several models in the run, *model* says which.
    """
    model_name(name)
    if alias is not None:
        check_alias(alias)
    kept = experiments.kept_model(project, run, model)
    tags = _identity(run, kept)
    # Two kernels at once must not both find it new.
    turn = taking_turns(project.home / "register.lock", doing="registering a model")
    with turn, _registry(project) as client:
        newest = next(reversed(_registered(client, name)), None)
        same = newest if newest and _is_again(project, newest, run, tags) else None
        made = same or _add(client, name, run, tags, source=_source(project, kept))
        moved = _aliases(client, name).get(alias or "")
        if alias is not None and moved != int(made.version):
            client.set_registered_model_alias(name, alias, made.version)
        record = _record(made, _aliases(client, name))
    project.changed()
    notes = (f"{alias} was v{moved}",) if alias and moved not in (None, record.version) else ()
    return replace(record, changed=same is None, notes=notes)


def set_alias(project: Project, name: str, version: int, alias: str) -> ModelVersion:
    """The version, with *alias* moved to it. Raises :class:`UsageError` for what can be no alias."""
    check_alias(alias)
    found = find_model(project, Ref(name=name, selector=f"v{version}"))
    with _registry(project) as client:
        was = _aliases(client, name).get(alias)
        if was != version:
            client.set_registered_model_alias(name, alias, str(version))
    project.changed()
    notes = (f"{alias} was v{was}",) if was not in (None, version) else ()
    aliases = tuple(sorted({*found.aliases, alias}))
    return replace(found, aliases=aliases, changed=was != version, notes=notes)


def remove_alias(project: Project, name: str, alias: str) -> ModelVersion:
    """The version that had *alias*, without it. Raises :class:`ModelNotFound` where none of the model has it."""
    found = find_model(project, Ref(name=name, selector=alias))
    if alias not in found.aliases:  # a selector may be a number, or a run
        raise ModelNotFound(f"{name} has no alias {alias!r}.", hint=f"e2e package {name}")
    with _registry(project) as client:
        client.delete_registered_model_alias(name, alias)
    project.changed()
    return replace(found, aliases=tuple(one for one in found.aliases if one != alias))


def find_model(project: Project, ref: Ref) -> ModelVersion:
    """``name`` (its champion, else its newest version), ``name@vN``, ``name@ALIAS`` or ``name@run:RUN``."""
    with _registry(project) as client:
        known = _registered(client, ref.name)
        aliases = _aliases(client, ref.name) if known else {}
    if not known:
        names = sorted({version.name for version in model_versions(project)})
        near = closest(ref.name, names)
        said = f" Did you mean {near}?" if near else f" There are {', '.join(names)}." if names else ""
        hint = f"e2e package {near}" if near else f"e2e register RUN --as {ref.name}"
        raise ModelNotFound(f"There is no model {ref.name!r}.{said}", hint=hint)
    chosen = _chosen(project, ref, known, aliases)
    if chosen is None:
        versions = ", ".join(f"v{version.version}" for version in known)
        named = f"; aliases: {', '.join(f'{a} (v{v})' for a, v in sorted(aliases.items()))}" if aliases else ""
        raise ModelNotFound(
            f"There is no {ref}: {ref.name} has {versions}{named}.", hint=f"e2e package {ref.name}@v{known[-1].version}"
        )
    return _record(chosen, aliases)


def model_versions(project: Project, name: str | None = None) -> tuple[ModelVersion, ...]:
    """All versions of all registered models, or of one; by name, oldest first."""
    return tuple(_record(version, aliases) for version, aliases in as_registered(project, name))


def as_registered(project: Project, name: str | None = None) -> list[tuple[Registered, dict[str, int]]]:
    """The same as MLflow tells them, each with all aliases of its model."""
    found: list[tuple[Registered, dict[str, int]]] = []
    with _registry(project) as client:
        names = [name] if name else sorted(model.name for model in _pages(client.search_registered_models))
        for each in names:
            versions = _registered(client, each)
            aliases = _aliases(client, each) if versions else {}
            found += [(version, aliases) for version in versions]
    return found


def kept_of(project: Project, version: ModelVersion) -> KeptModel:
    """What the run behind *version* kept."""
    with _registry(project) as client:
        name = client.get_model_version(version.name, str(version.version)).tags.get(MODEL)
    return experiments.kept_model(project, experiments.find_run(project, version.run), name)


def check_alias(alias: str) -> str:
    """*alias* if a model version may have it, or :class:`UsageError`.

    >>> check_alias("champion")
    'champion'
    """
    if not _ALIAS.fullmatch(alias) or re.fullmatch(r"v\d+", alias) or alias == "latest":
        raise UsageError(
            f"{alias!r} cannot be an alias: small letters, digits, _ and -, a letter first, and not like v1 or latest.",
            hint="--alias champion",
        )
    return alias


def _chosen(project: Project, ref: Ref, known: Sequence[Registered], aliases: dict[str, int]) -> Registered | None:
    selector = ref.selector
    if selector is None:
        wanted = aliases.get("champion", int(known[-1].version))
    elif re.fullmatch(r"v\d+", selector):
        wanted = int(selector[1:])
    elif selector.startswith("run:"):
        run = _run_id(project, selector.removeprefix("run:"))
        return next((version for version in reversed(known) if version.run_id == run), None)
    else:
        wanted = aliases.get(selector, -1)
    return next((version for version in known if int(version.version) == wanted), None)


def _run_id(project: Project, name: str) -> str:
    try:
        return experiments.find_run(project, name).id
    except RunNotFound as problem:
        raise ModelNotFound(problem.message, hint=problem.hint) from None


def _identity(run: Run, kept: KeptModel) -> dict[str, str]:
    """The tags that tell this model from another, and where it came from."""
    data = sorted({(use.role, use.name, use.id) for use in kept.data})
    return {
        FINGERPRINT: kept.fingerprint,
        HASH: kept.hash,
        DATA: json.dumps(data, ensure_ascii=False),
        MODEL: kept.name,
        MODEL_ID: kept.id,
        RUN: run.name,
    }


def _is_again(project: Project, newest: Registered, run: Run, tags: dict[str, str]) -> bool:
    if any(newest.tags.get(tag) != tags[tag] for tag in (FINGERPRINT, DATA)):
        return False
    if newest.run_id == run.id:
        return True
    try:
        before = experiments.find_run(project, str(newest.run_id))
        if _settings(before) != _settings(run):  # 200 stored rows may hide what another setting does to the others
            return False
        # A kernel's list of cells only grows: what ran before must be among what ran now.
        return set(_cells(project, before)) <= set(_cells(project, run))
    except (GitError, NotFound):  # a run or pin that is not on this machine
        return False


def _settings(run: Run) -> dict[str, str]:
    """The parameters, without the places in memory that some objects name when they are written out."""
    return {name: _PLACE.sub("", str(value)) for name, value in run.params.items()}


def _cells(project: Project, run: Run) -> tuple[str, ...]:
    return versioning.pinned_cells(project, run.pin.commit) if run.pin else ()


def _add(client: MlflowClient, name: str, run: Run, tags: dict[str, str], *, source: str) -> Registered:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as problem:
        if problem.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(name, source=source, run_id=run.id, tags=tags, model_id=tags[MODEL_ID])


def _source(project: Project, kept: KeptModel) -> str:
    store = experiments.open_store(project)
    # A database of our own would look ``models:/`` up in the store of MLflow's global setting, not in itself.
    if store.uri.startswith("http"):
        return f"models:/{kept.id}"
    return str(store.client.get_logged_model(kept.id).artifact_location)


@contextmanager
def _registry(project: Project) -> Iterator[MlflowClient]:
    """MLflow's client; what it refuses comes as an error of ours."""
    store = experiments.open_store(project)
    with experiments.told(store.uri):
        yield store.client


def _registered(client: MlflowClient, name: str) -> list[Registered]:
    quoted = name.replace("'", "")
    found = _pages(client.search_model_versions, filter_string=f"name='{quoted}'")
    return sorted(found, key=lambda version: int(version.version))


def _pages(search: Callable[..., Any], **words: Any) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        page = search(max_results=500, page_token=token, **words)
        found += page
        token = page.token
        if not token:
            return found


def _aliases(client: MlflowClient, name: str) -> dict[str, int]:
    return {alias: int(version) for alias, version in client.get_registered_model(name).aliases.items()}


def _record(version: Registered, aliases: dict[str, int]) -> ModelVersion:
    number = int(version.version)
    return ModelVersion(
        name=version.name,
        version=number,
        aliases=tuple(sorted(alias for alias, of in aliases.items() if of == number)),
        run=version.run_id or "",
        run_name=version.tags.get(RUN, version.run_id or ""),
        model_id=version.tags.get(MODEL_ID) or version.model_id or str(version.source).rpartition("/")[2],
    )
