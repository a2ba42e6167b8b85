"""Where a project may lie for the server, which Python a kernel has, and a list of projects that is fresh."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec

from e2e_lab import project as projects
from e2e_lab.errors import E2EError, ReadOnly, UnfitPython
from e2e_lab.project import Project
from e2e_lab.workspace import jobs
from e2e_lab.workspace.server.paths import changeable
from tests.server.test_jobs import over
from tests.workspace.conftest import as_another_user  # noqa: F401  a fixture

EXPORT = {"kind": "export", "args": {"ref": "flights@v1", "path": "out.parquet"}}


@pytest.fixture
def inside(data: Project, jp_serverapp: Any) -> Project:
    """The server is started in the project's own folder of notebooks."""
    notebooks = data.root / "notebooks"
    notebooks.mkdir()
    jp_serverapp.root_dir = str(notebooks)
    return data


async def test_a_server_started_inside_a_project_works_on_it(ask: Any, inside: Project) -> None:
    status = (await ask("status")).body
    assert (status["path"], status["folder"]) == (str(inside.root), None)
    assert (await ask("datasets/late/rename", body={"new": "later"})).status == 200
    begun = await ask("jobs", body=EXPORT)
    assert begun.status == 202
    for _ in range(300):
        if jobs.find(inside, begun.body["id"]).over:
            break
        await asyncio.sleep(0.1)
    assert (inside.root / "notebooks" / "out.parquet").exists()
    refused = await ask("jobs", body={**EXPORT, "args": {"ref": "flights@v1", "path": "../out.parquet"}})
    assert refused.status == 400


async def test_a_project_around_the_server_that_is_not_ours_is_only_looked_at(
    ask: Any,
    inside: Project,
    as_another_user: Callable[[Path], None],  # noqa: F811
) -> None:
    as_another_user(inside.root)
    assert (await ask("datasets")).body["total"] == 2
    changes = (
        ("datasets/late/rename", {"body": {"new": "later"}}),
        ("datasets/late", {"method": "DELETE"}),
        ("datasets/flights/restore", {"body": {"selector": "v1"}}),
        ("jobs", {"body": EXPORT}),
        ("jobs/20260101T000000000000-abcdef/cancel", {"body": b""}),
    )
    for noun, how in changes:
        answer = await ask(noun, **how)
        assert (answer.status, answer.body["code"]) == (403, "read_only"), noun
        assert "looked at" in answer.body["message"], noun
        assert answer.body["hint"] == f"jupyter lab {inside.root}"
    assert (await ask("datasets")).body["total"] == 2


def test_a_project_elsewhere_is_not_changed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    changeable(root, root)
    changeable(root, root / "project")
    with pytest.raises(ReadOnly):
        changeable(root, tmp_path / "elsewhere")


async def test_a_stream_belongs_to_the_project_that_was_named(
    ask: Any, data: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jp_ws_fetch: Any
) -> None:
    other, _ = projects.create(tmp_path / "other")
    monkeypatch.setenv("E2E_PROJECT", str(other.root))
    body = {"kind": "export", "args": {"ref": "flights@v1", "path": "flights/out.parquet"}}
    done = await over(ask, (await ask("jobs", project="flights", body=body)).body)
    stream = await jp_ws_fetch("e2e-lab", "api", "jobs", done["id"], "stream", params={"project": "flights"})
    assert "out.parquet" in str(await stream.read_message())
    stream.close()


async def test_a_new_project_is_in_the_list_at_once(ask: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "new").mkdir()
    assert (await ask("projects")).body["total"] == 0
    await ask("projects", body={"path": "new"})
    assert [one["path"] for one in (await ask("projects")).body["items"]] == ["new"]


# ---- the Python of a kernel ----------------------------------------------------------------------------------


async def test_python_means_ours_only_by_our_own_names(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = backend.app.kernel_spec_manager
    ours = "python{}.{}".format(*sys.version_info)

    async def python(program: str, **env: str) -> Any:
        spec = KernelSpec(argv=[program, "-m", "ipykernel_launcher"], env=env)
        monkeypatch.setattr(specs, "get_kernel_spec", lambda name: spec)
        return await backend.python_of("any")

    for program in ("python", "python3", ours):
        assert (await python(program)).program == sys.executable
    with pytest.raises(UnfitPython, match=r"python3\.99"):
        await python("python3.99")
    monkeypatch.setenv("PLACE", "/here")
    found = await python("python3", PYTHONPATH="${PLACE}/lib", OTHER="$UNKNOWN")
    assert found.environment == {"PYTHONPATH": "/here/lib", "OTHER": "$UNKNOWN"}


async def test_another_python_is_looked_for_where_its_kernel_would_find_it(
    backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python3.99"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    spec = KernelSpec(argv=["python3.99"], env={"PATH": f"{tmp_path}:${{PATH}}"})
    monkeypatch.setattr(backend.app.kernel_spec_manager, "get_kernel_spec", lambda name: spec)
    assert (await backend.python_of("any")).program == str(program)


async def test_a_job_has_the_environment_of_its_kernel(ask: Any, data: Project, jp_data_dir: Path) -> None:
    folder = jp_data_dir / "kernels" / "special"
    folder.mkdir(parents=True)
    spec = {
        "argv": ["python3", "-m", "ipykernel_launcher"], "display_name": "special", "language": "python",
        "env": {"PYTHONVERBOSE": "1"},  # Python then prints what it imports
    }  # fmt: skip
    (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")
    body = {"kind": "export", "args": {"ref": "flights@v1", "path": "flights/out.parquet"}, "kernel": "special"}
    begun = await ask("jobs", project="flights", body=body)
    assert begun.status == 202
    done = await over(ask, begun.body)
    log = (await ask(f"jobs/{done['id']}/log", project="flights")).body["text"]
    assert (done["state"], "import 'e2e_lab" in log) == ("done", True)


async def test_kernels_behind_a_gateway_run_no_jobs_here(ask: Any, data: Project, backend: Any) -> None:
    gateway = backend.app.gateway_config
    was, gateway.url = gateway.url, "http://127.0.0.1:9"
    try:
        body = {"kind": "export", "args": {"ref": "flights@v1", "path": "flights/out.parquet"}}
        refused = await ask("jobs", project="flights", body={**body, "kernel": "python3"})
        assert (refused.status, refused.body["code"]) == (409, "unfit_python")
        assert "gateway" in refused.body["message"]
        with pytest.raises(E2EError):
            await backend.python_of("python3")
        assert (await backend.python_of(None)).program == sys.executable
    finally:
        gateway.url = was
