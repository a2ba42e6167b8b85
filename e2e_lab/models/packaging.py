"""Package a registered model as a Bento: generated, built, tried on stored rows, and only then accepted.

All is made in a folder that no one looks into, ``.e2e/packages/.making-PID-…``. An accepted Bento is moved from there
into the project's BENTOML_HOME by one rename, and exists for e2e-lab once its record ``.e2e/packages/SERVICE/vN.json``
is written: whatever is interrupted before leaves nothing to be seen.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e_lab.errors import Damaged, ModelError, ReplayFailed
from e2e_lab.models import accepted
from e2e_lab.models.codegen import GENERATOR, RESERVED, Plan, service_source
from e2e_lab.models.process import start_bento
from e2e_lab.models.replay import replay, stored_rows
from e2e_lab.models.requirements import locked
from e2e_lab.project import Project, sync_folder, taking_turns, writing
from e2e_lab.records import FORMAT, KeptModel, ModelVersion, Package, Parent, Ref, Replay, RequestSchema, model_name

SHIPPED = Path(__file__).with_name("shipped")
SHIPPED_FILES = ("e2e_gate.py", "e2e_rows.py", "e2e_page.html")
_MAKING = ".making-"


def package(
    project: Project,
    version: ModelVersion,
    *,
    service: str | None = None,
    trust: bool = False,
    say: Callable[[str], None] | None = None,
) -> Package:
    """*version* as a Bento, the next version of *service* (named as the model unless said), replayed and accepted.

    Nothing is built (``changed=False``) where the newest package of the service is of this model version already.
    *say* is told each step.
    Raises :class:`NotTrusted` for a model from elsewhere without *trust*, :class:`ReplayFailed` where the built service
    does not answer as the model does; nothing is left behind then.
    """
    from e2e_lab import experiments
    from e2e_lab.models.registry import kept_of

    tell = say or (lambda _: None)
    name = model_name(service or version.name, "service")
    newest = accepted.newest(project, name)
    if newest and accepted.is_of(newest, version):
        return replace(newest.package, changed=False)
    kept = kept_of(project, version)
    experiments.check_trust(project, kept, trust=trust)
    with taking_turns(project.home / "packages" / f".{name}.lock", doing=f"packaging {name}"):
        newest = accepted.newest(project, name)
        if newest and accepted.is_of(newest, version):  # another process was quicker
            return replace(newest.package, changed=False)
        with _workshop(project) as shop:
            ref = Ref(name=name, selector=f"v{accepted.next_number(project, name)}")
            made = _Making(project, version, kept, ref=ref, shop=shop)
            tell(f"writing the service {ref}")
            made.write_context()
            tell(f"building the Bento {ref}")
            bento = made.build()
            tell(f"asking the built service the {len(made.rows):,} stored rows")
            found = made.try_out(bento)
            tell(str(found))
            return made.accept(bento, found)


class _Making:
    """One package on its way: written, built, tried out, accepted."""

    def __init__(self, project: Project, version: ModelVersion, kept: KeptModel, *, ref: Ref, shop: Path) -> None:
        self.project, self.version, self.kept, self.shop = project, version, kept, shop
        self.service, self.number, self.ref = ref.name, int(str(ref.selector)[1:]), str(ref)
        self.context = shop / "context"
        self.folder = Path(kept.path)
        self.description = _described(self.folder)
        self.rows, self.answers = stored_rows(self.folder)

    def write_context(self) -> None:
        """Lay out exactly the files that go into the Bento."""
        description = self.description
        model_file = _inside(self.folder, description["file"])
        modules = self._code()
        plan = Plan(
            service=self.service,
            version=self.number,
            model=self.version.ref,
            run_name=self.version.run_name,
            schema=RequestSchema.from_json(description["schema"]),
            predict=description["predict"],
            file=f"model/{model_file.name}",
            array=bool(description.get("array")),
            modules=bool(modules),
        )
        with writing(self.context):
            (self.context / "model").mkdir(parents=True)
            shutil.copyfile(model_file, self.context / "model" / model_file.name)
            for name in SHIPPED_FILES:
                shutil.copyfile(SHIPPED / name, self.context / name)
            for name, path in modules.items():
                (self.context / "code" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self.context / "code" / name)
            (self.context / "service.py").write_text(service_source(plan), "utf-8")
            (self.context / "e2e_model.json").write_text(self._about(), "utf-8")

    def _code(self) -> dict[str, Path]:
        """The project's own modules that travel, by their paths below ``code/``."""
        code = self.folder / "e2e" / "code"
        found = {path.relative_to(code).as_posix(): path for path in sorted(code.rglob("*.py"))}
        taken = [name for name in found if name.split("/")[0].removesuffix(".py") in RESERVED]
        if taken:
            raise ModelError(
                f"The model's class comes from {taken[0]}, a name that the service itself has.",
                hint=f"rename {taken[0]}, then log the model again",
            )
        return found if self.description.get("by_reference", True) else {}

    def _about(self) -> str:
        description = self.description
        about = {
            "format": FORMAT,
            "generator": GENERATOR,
            "service": self.service,
            "service_version": self.number,
            "model": self.version.name,
            "model_version": self.version.version,
            "run": self.version.run,
            "run_name": self.version.run_name,
            "data": [parent.to_json() for parent in self._data()],
            "schema": description["schema"],
            "nulls": description.get("nulls", {}),
        }
        return json.dumps(about, ensure_ascii=False, indent=1)

    def _data(self) -> tuple[Parent, ...]:
        used = (Parent(name=use.name, version=use.version, id=use.id) for use in self.kept.data)
        return tuple(dict.fromkeys(used))

    def build(self) -> Path:
        """Build the Bento in a child process; its folder."""
        home = self.shop / "home"
        result = self.shop / "built"
        home.mkdir()
        plan = {
            "name": self.service,
            "version": f"v{self.number}",
            "labels": {"model": self.version.ref.replace("@", "-"), "run": self.version.run},
            "description": f"# {self.ref}\n\nAnswers rows as the model {self.version.ref} does.\n",
            "include": sorted(p.relative_to(self.context).as_posix() for p in self.context.rglob("*") if p.is_file()),
            "context": str(self.context),
            "packages": locked(["bentoml", "cloudpickle", "pandas", *self._requirements()]),
            "result": str(result),
        }
        plan_file = self.shop / "plan.json"
        plan_file.write_text(json.dumps(plan), "utf-8")
        variables = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true", "TMPDIR": str(self.shop)}
        done = subprocess.run(
            [sys.executable, "-P", str(Path(__file__).with_name("builder.py")), str(plan_file)],
            env=variables,
            cwd=self.shop,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not result.exists():
            last = "".join(f"\n    {line}" for line in (done.stderr or done.stdout).strip().splitlines()[-15:])
            raise ModelError(f"BentoML did not build {self.ref}.{last}", hint="e2e package … again once that is solved")
        return Path(result.read_text("utf-8"))

    def _requirements(self) -> list[str]:
        listed = self.description.get("requirements")
        if listed is None and (self.folder / "requirements.txt").exists():
            listed = (self.folder / "requirements.txt").read_text("utf-8").splitlines()
        return list(listed or [])

    def try_out(self, bento: Path) -> Replay:
        """Start the built Bento and ask it the stored rows; :class:`ReplayFailed` where it answers otherwise."""
        token = secrets.token_urlsafe(32)
        child = start_bento(self.project, bento, token=token, log=self.shop / "replay.log", owner=os.getpid())
        try:
            found = replay(child.url, token, self.rows, self.answers)
        finally:
            child.end()
        if not found.equal:
            raise ReplayFailed(
                f"The built service is not the model: {found} (largest difference {found.largest_difference:.3g}). "
                "Nothing was packaged.",
                hint="a model that answers otherwise when asked again (random parts, the clock) cannot be packaged",
            )
        return found

    def accept(self, bento: Path, found: Replay) -> Package:
        """Make the Bento visible, then write its record."""
        target = accepted.bento_folder(self.project, self.service, self.number)
        made = Package(
            service=self.service,
            version=self.number,
            model=self.version.name,
            model_version=self.version.version,
            run=self.version.run,
            bento=f"{self.service}:v{self.number}",
            path=str(target),
            replay=found,
            data=self._data(),
            time=datetime.fromtimestamp(round(time.time(), 3), UTC),
        )
        stored: dict[str, Any] = made.to_json() | {
            "format": FORMAT,
            "generator": GENERATOR,
            "hash": accepted.hash_source(bento),
            "model_hash": self.kept.hash,
            "path": self.project.relative(target),
        }
        del stored["changed"], stored["notes"]
        record = self.project.home / "packages" / self.service / f"v{self.number}.json"
        with self.project.lock(f"accept {self.ref}"):
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(bento, target)
                sync_folder(target.parent)
            self.project.write(target.parent / "latest", f"v{self.number}".encode())
            self.project.write(record, json.dumps(stored, ensure_ascii=False, indent=1).encode() + b"\n")
        self.project.changed()
        return made


def _described(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "e2e" / "model.json").read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"The model in {folder} was not kept by e2e-lab: what it takes is not known.",
            hint="e2e.log_model(model, X=X) or %e2e keep NAME --model VAR --X VAR",
        ) from None
    except ValueError:
        raise Damaged(f"{folder / 'e2e' / 'model.json'} cannot be read.", hint="log the model again") from None
    if not isinstance(found, dict):
        raise Damaged(f"{folder / 'e2e' / 'model.json'} is not a description.", hint="log the model again")
    return found


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise Damaged(f"The model file {name!r} is not in {folder}.", hint="log the model again")
    return path


@contextmanager
def _workshop(project: Project) -> Iterator[Path]:
    """A folder to build in, gone afterwards; what a killed process left is swept first."""
    import psutil

    folder = project.home / "packages"
    for left in folder.glob(f"{_MAKING}*"):
        if not psutil.pid_exists(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    with writing(folder):
        shop = Path(tempfile.mkdtemp(prefix=f"{_MAKING}{os.getpid()}-", dir=folder))
    try:
        yield shop
    finally:
        shutil.rmtree(shop, ignore_errors=True)
