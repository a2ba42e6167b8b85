"""The verbs for models and services: registered, packaged, served, traced."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from e2e_lab import experiments, models, serving
from e2e_lab.errors import E2EError, ModelNotFound, RunNotFound, ServiceNotFound
from e2e_lab.project import Project
from e2e_lab.records import ModelVersion, Package, Ref, Run, Services, Stopped, Trace
from e2e_lab.workspace.session import inert, session

if TYPE_CHECKING:
    from e2e_lab.serving import Endpoint


def register(run: str | Run, name: str, *, alias: str | None = None, model: str | None = None) -> ModelVersion:
    """Give a run's model a name and a version; the same model again adds nothing. Waits until the model is proved.

    *run* is a run, its name or its id; *alias* (``champion``, …) is moved to the version; *model* says which, where the
    run kept several. Raises :class:`RunNotFound`, :class:`InvalidName`, and :class:`ModelError` where the run kept
    none, or its proof failed.

    Example::

        e2e.register("first", "delay", alias="champion")
    """
    project = session.project()
    if inert():
        return replace(models.find_model(project, Ref.parse(name)), changed=False)
    found = run if isinstance(run, Run) else experiments.find_run(project, run)
    return models.register(project, found, name, alias=alias, model=model)


def package(model_ref: str, *, service: str | None = None, trust: bool = False) -> Package:
    """A Bento of a registered model, replayed against it before it is accepted; the same model again adds nothing.

    *model_ref* is ``MODEL``, ``MODEL@vN``, ``MODEL@ALIAS`` or ``MODEL@run:RUN``; *service* the service's name, by
    default the model's; *trust* allows a model that was not made here. Raises :class:`ModelNotFound`,
    :class:`NotTrusted`, :class:`ReplayFailed` where the built service answers otherwise; nothing is left behind then.

    Example::

        e2e.package("delay@champion")
    """
    project = session.project()
    if inert():
        return replace(models.find_package(project, Ref.parse(service or Ref.parse(model_ref).name)), changed=False)
    return models.package(project, models.find_model(project, Ref.parse(model_ref)), service=service, trust=trust)


def serve(
    ref: str, *, port: int | None = None, replace: bool = False, detach: bool = True, trust: bool = False
) -> Endpoint:
    """A service that answers over HTTP on this machine, with a token.

    *ref* names a service, a model or a run; packaging and registering are done on the way and said. In a kernel the
    service lives until :func:`stop` or until the Jupyter server ends; from a script until :func:`stop`, or with
    ``detach=False`` until the script ends. *port* is a free one by default; *replace* puts it in the place of another
    version that is serving. Raises :class:`ServiceNotFound`, :class:`ServiceError` where it does not come up.

    Example::

        endpoint = e2e.serve("delay")
        answer = endpoint.predict([{"dep_delay": 12}])
    """
    project = session.project()
    packed, notes = _packaged(project, ref, trust=trust)
    started = serving.serve(project, packed, port=port, replace=replace, owner=_owner(detach))
    return started.with_notes(notes)


def services() -> Services:
    """The services of this project that are running.

    Example::

        [service.url for service in e2e.services()]
    """
    return serving.services(session.project())


def stop(name: str) -> Stopped:
    """End a service; ``was_running`` of the answer is False where there was nothing to end.

    Example::

        e2e.stop("delay")
    """
    return serving.stop(session.project(), Ref.parse(name).name)


def trace(id: str) -> Trace:  # noqa: A002  the field's word, and the contract's
    """The chain behind a prediction id, service, model, run, dataset or file: back to the exact code and rows.

    Links that cannot be found are named in ``missing``. Raises :class:`PredictionNotFound` for an id that no service of
    this project gave, :class:`NotFound` where nothing is called so.

    Example::

        e2e.trace(answer["id"])
    """
    return serving.trace(session.project(), id)


def _packaged(project: Project, ref: str, *, trust: bool) -> tuple[Package, tuple[str, ...]]:
    """The package that *ref* names, made on the way where only a model or a run is there yet."""
    asked = Ref.parse(ref)
    try:
        found = models.find_package(project, asked)
        newest = _newest_model(project, found.model)
        if asked.selector is None and newest and newest.version != found.model_version:
            return found, (f"{found.model}@v{newest.version} is not packaged yet: e2e package {newest.ref}",)
        return found, ()
    except ServiceNotFound as problem:
        no_service = problem
    try:
        made = models.package(project, models.find_model(project, asked), trust=trust)
        return made, (f"packaged {made.ref} from {made.model_ref}",)
    except ModelNotFound:
        pass
    try:
        source = experiments.find_run(project, ref)
    except RunNotFound:
        raise ServiceNotFound(
            f"No service, model or run is called {ref!r}.", hint=no_service.hint or "e2e runs"
        ) from None
    version = models.register(project, source, source.name.lower())
    made = models.package(project, version, trust=trust)
    return made, (f"registered {version.ref}, packaged {made.ref}",)


def _newest_model(project: Project, name: str) -> ModelVersion | None:
    try:
        return models.find_model(project, Ref(name=name))
    except E2EError:
        return None


def _owner(detach: bool) -> int | None:
    """The process whose end ends a service: the Jupyter server for a kernel, this one for an attached script."""
    if session.in_kernel:
        return int(os.environ.get("JPY_PARENT_PID") or os.getpid())
    return None if detach else os.getpid()
