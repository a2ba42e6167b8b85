"""Services of a project: one process each, known by a state file ``.e2e/services/NAME.json`` that only its owner reads.

A state counts only while its process lives (pid *and* creation time) and names this project, so that neither a reused
pid nor a copied folder claims a service that is not there.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from e2e_lab import models
from e2e_lab.errors import Damaged, InvalidName, ServiceError, ServiceNotFound, StorageRefused, closest
from e2e_lab.project import Project, taking_turns, writing
from e2e_lab.records import FORMAT, Package, Ref, Service, Services, Stopped, model_name
from e2e_lab.serving.calling import Endpoint


@dataclass(frozen=True)
class _State:
    service: Service
    token: str
    project: str
    bento: str

    @property
    def alive(self) -> bool:
        return models.alive(self.service.pid, self.service.started)

    def end(self) -> bool:
        return models.end(self.service.pid, self.service.started)


def serve(
    project: Project, package: Package, *, port: int | None = None, replace: bool = False, owner: int | None = None
) -> Endpoint:
    """*package* as one process on this machine's loopback, ready to answer; it wants the endpoint's token.

    *port*: a free one unless said. *owner*: the pid whose end ends the service; None: it lives until :func:`stop`.
    The same package served already: nothing happens (``changed=False``). Another version of it: refused, or with
    *replace* put in its place once it is ready. Raises :class:`ServiceError`, with the log's last lines where the
    process does not come up.
    """
    folder = models.check_package(project, package)
    with _turn(project, package.service):
        old = _read(project, package.service)
        if old and _serves(old, package, port):
            return Endpoint(service=old.service, token=old.token, project=project, changed=False)
        if old and not replace:
            at = f"{old.service.name}@v{old.service.version} is served at {old.service.url}"
            raise ServiceError(f"{at} already.", hint=f"e2e serve {package.ref} --replace")
        unasked = _inputs_never_chosen(project, package.service)
        made = _started(project, package, folder, port=port, owner=owner)
        if old:
            old.end()
    project.changed()
    notes = (f"in place of v{old.service.version}",) if old else ()
    if unasked:
        notes = (*notes, "answers are logged without the rows asked; [serving] log_inputs = true in e2e.toml adds them")
    return Endpoint(service=made.service, token=made.token, project=project, notes=notes)


def _inputs_never_chosen(project: Project, service: str) -> bool:
    """Whether this is the first time that *service* is served here, and nobody said what may be logged."""
    chosen = project.setting("serving", "log_inputs", env="E2E_LOG_INPUTS") is not None
    return not chosen and not (project.home / "predictions" / service).exists()


def services(project: Project) -> Services:
    """The services of this project that run now; what is left of ended ones is cleared away."""
    living = []
    for path in sorted(_folder(project).glob("[!.]*.json")):
        state = _read(project, path.stem)
        if state:
            living.append(state.service)
    return Services(items=tuple(living))


def endpoint(project: Project, name: str) -> Endpoint:
    """The running service *name*, with its token; :class:`ServiceNotFound` where it does not run."""
    state = _read(project, name) if _is_name(name) else None
    if state is None:
        raise _unknown(project, name)
    return Endpoint(service=state.service, token=state.token, project=project, changed=False)


def stop(project: Project, name: str) -> Stopped:
    """End the service *name*: asked to, then after five seconds forced. Not running: ``was_running=False``."""
    if not _is_name(name):
        raise _unknown(project, name)
    with _turn(project, name):
        state = _read(project, name)
        if state is None:
            try:
                known = models.find_package(project, Ref(name=name))
            except ServiceNotFound:
                raise _unknown(project, name) from None
            return Stopped(name=name, version=known.version, was_running=False)
        was_running = state.end()
        _forget(project, name, state.service.pid)
    project.changed()
    return Stopped(name=name, version=state.service.version, was_running=was_running)


def _serves(old: _State, package: Package, port: int | None) -> bool:
    same = (old.service.version, old.bento) == (package.version, package.time.isoformat())
    return same and port in (None, int(old.service.url.rpartition(":")[2]))


def _started(project: Project, package: Package, folder: Path, *, port: int | None, owner: int | None) -> _State:
    token = secrets.token_urlsafe(32)
    log = _folder(project) / f"{package.service}.log"
    path = _path(project, package.service)
    logged = str(project.setting("serving", "log_inputs", env="E2E_LOG_INPUTS") or "").lower() in ("true", "1")
    environment = {
        "E2E_PREDICTION_LOG": str(project.home / "predictions" / package.service),
        "E2E_LOG_INPUTS": "true" if logged else "",
    }
    child = models.start_bento(
        project, folder, token=token, log=log, port=port, environment=environment, owner=owner, state=path
    )
    service = Service(
        name=package.service,
        version=package.version,
        model=package.model,
        model_version=package.model_version,
        url=child.url,
        pid=child.pid,
        started=child.started,
        state="running",
        since=datetime.fromtimestamp(round(time.time(), 3), UTC),
        log=project.relative(log),
    )
    state = _State(service, token, project.id, package.time.isoformat())
    try:
        _write(project, path, state)
    except BaseException:
        child.end()
        raise
    return state


# ---- state files ---------------------------------------------------------------------------------------------


def _folder(project: Project) -> Path:
    return project.home / "services"


def _path(project: Project, name: str) -> Path:
    return _folder(project) / f"{name}.json"


def _write(project: Project, path: Path, state: _State) -> None:
    said = state.service.to_json() | {
        "format": FORMAT,
        "token": state.token,
        "project": state.project,
        "bento": state.bento,
    }
    with project.lock(f"serve {state.service.name}"), writing(path):
        # Not Project.write: the token must at no moment lie in a file that others may read.
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(said, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)


def _read(project: Project, name: str) -> _State | None:
    """The state of the service *name* if it runs; a file that is left of an ended one is cleared away."""
    try:
        said = json.loads(_path(project, name).read_text("utf-8"))
        state = _State(Service.from_json(said), said["token"], said["project"], said["bento"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise Damaged(f"{_path(project, name)} cannot be read.", hint=f"rm {_path(project, name)}") from None
    if state.project == project.id and state.alive:
        return state
    _forget(project, name, state.service.pid)
    return None


def _forget(project: Project, name: str, pid: int) -> None:
    path = _path(project, name)
    try:
        with project.lock(f"clear {name}"), writing(path):
            if path.exists() and json.loads(path.read_text("utf-8")).get("pid") == pid:
                path.unlink()
    except StorageRefused:  # a read-only project can still be looked at
        return


def _is_name(name: str) -> bool:
    try:
        return bool(model_name(name, "service"))
    except InvalidName:
        return False


def _unknown(project: Project, name: str) -> ServiceNotFound:
    running = [service.name for service in services(project)]
    near = closest(name, {*running, *(package.service for package in models.packages(project))})
    if near == name:
        return ServiceNotFound(f"{name} is not running.", hint=f"e2e serve {name}")
    said = f" Did you mean {near}?" if near else f" Running: {', '.join(running)}." if running else ""
    return ServiceNotFound(f"There is no service {name!r}.{said}", hint="e2e services")


def _turn(project: Project, name: str) -> AbstractContextManager[None]:
    """One at a time starts or stops a service."""
    return taking_turns(_folder(project) / f".{name}.lock", doing=f"starting {name}")
