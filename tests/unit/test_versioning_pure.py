"""Notebooks without noise, which files are code, messages that tell the story, the environment lock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e_lab.versioning import changes, environment, installed, notebooks, selection


def notebook(source: str, *, count: int | None = 1, text: str = "out", **metadata: Any) -> dict[str, Any]:
    cell = {
        "cell_type": "code", "id": "c1", "execution_count": count, "metadata": metadata, "source": source,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": text}],
    }  # fmt: skip
    return {"cells": [cell], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


def raw(value: object, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def test_outputs_counts_timing_and_layout_are_no_difference() -> None:
    one = notebook("a = 1\nb")
    other = notebook("a = 1\nb", count=9, text="other", scrolled=True, execution={"iopub.status.idle": "now"})
    other["cells"][0]["source"] = ["a = 1\n", "b"]
    other["metadata"]["language_info"] = {"version": "3.12.1"}
    other["metadata"]["widgets"] = {"state": {}}
    assert notebooks.same(raw(one), raw(other, indent=4, sort_keys=True))


def test_a_source_a_tag_or_a_kernel_is_a_difference() -> None:
    one = raw(notebook("a = 1"))
    assert not notebooks.same(one, raw(notebook("a = 2")))
    assert not notebooks.same(one, raw(notebook("a = 1", tags=["parameters"])))
    other = notebook("a = 1")
    other["metadata"]["kernelspec"] = {"name": "ir"}
    assert not notebooks.same(one, raw(other))


def test_stripping_keeps_everything_but_the_noise() -> None:
    kept = json.loads(notebooks.stripped(raw(notebook("é = 1", tags=["x"], collapsed=True))))
    (cell,) = kept["cells"]
    assert cell == {
        "cell_type": "code", "id": "c1", "execution_count": None, "metadata": {"tags": ["x"]}, "source": "é = 1",
        "outputs": [],
    }  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"not json", b"[1, 2]", b'{"a": 1}', b'{"cells": 3}', b"\xff\xfe"])
def test_what_is_no_notebook_is_left_alone(content: bytes) -> None:
    assert notebooks.stripped(content) == content
    assert notebooks.cells(content) == []
    assert not notebooks.same(content, raw(notebook("1")))


def test_odd_cells_do_not_stop_the_reading() -> None:
    odd = {"cells": [None, 3, {"cell_type": "code", "source": None, "outputs": [None], "metadata": None}]}
    assert notebooks.same(raw(odd), raw(odd))
    assert len(notebooks.cells(raw(odd))) == 1


def test_private_files_are_never_code() -> None:
    for path in (".env", ".env.py", "conf/.env.local", ".env/settings.py", "id_rsa.md", "a/server.pem", "secrets.toml"):
        assert selection.is_private(path), path
        assert not selection.is_source(path)
        assert not selection.is_committed(path)


def test_environments_and_caches_are_scratch() -> None:
    paths = ["my env/pyvenv.cfg", "my env/lib/x.py", "my environment.py", "a/.ipynb_checkpoints/n.ipynb",
             "conda/conda-meta/history", "conda/lib/y.py", "src/z.py"]  # fmt: skip
    assert selection.without_scratch(paths) == ["my environment.py", "src/z.py"]


def test_data_trailers_join_the_trailers_that_are_there() -> None:
    new = changes.Outline(3, "ab", 1000, 4)
    told = changes.told("Title\n\nSigned-off-by: Ada <a@b>", [("data/raw/f.json", None, new)])
    assert told == "Title\n\nSigned-off-by: Ada <a@b>\nData: f v3 (1,000 × 4)"
    assert changes.untold(told + "\n") == "Title\n\nSigned-off-by: Ada <a@b>"


def test_a_line_of_the_user_that_begins_with_data_stays() -> None:
    assert changes.untold("Data: cleaned by hand\n") == "Data: cleaned by hand"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"3", b'{"version": 1}', b'{"format": 1, "version": "x"}'])
def test_what_is_no_record_has_no_outline(content: bytes | None) -> None:
    assert changes.outline(content) is None


def test_the_lock_names_what_is_installed_and_nothing_of_this_machine() -> None:
    lock = environment()
    lines = lock.splitlines()
    assert f"# python {sys.version.split()[0]}" in lines
    pins = [line for line in lines if not line.startswith("#")]
    assert pins == sorted(pins, key=lambda line: line.split("==")[0])
    assert any(line.startswith("gitpython==") for line in pins)
    assert not any("://" in line or str(Path.home()) in line or sys.prefix in line for line in lines)


def test_the_lock_is_what_the_installer_says() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import importlib.metadata as m\nfor d in m.distributions(): print(d.name, d.version)"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    import re

    wanted = {re.sub(r"[-_.]+", "-", n).lower(): v for n, v in (line.split() for line in said)}
    found = dict(re.findall(r"(?m)^(?:# )?([a-z0-9-]+)==(\S+)", environment()))
    assert wanted.items() <= found.items()


def test_local_and_editable_installs_are_comments_without_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, origin in {
        "mine-1.0": {"url": f"file://{tmp_path}", "dir_info": {"editable": True}},
        "wheel-2.0": {"url": f"file://{tmp_path}/wheel.whl", "archive_info": {}},
        "forked-3.0": {
            "url": "https://u:pw@git.example/x",
            "vcs_info": {"vcs": "git", "commit_id": "abcdef0123456789"},
        },
        "broken-4.0": None,
    }.items():
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        (folder / "direct_url.json").write_text(json.dumps(origin) if origin else "{", "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "gone")])
    body = environment().splitlines()[2:]
    assert body == [
        "broken==4.0",
        "# forked==3.0 (from version control, abcdef012345)",
        "# mine==1.0 (editable)",
        "# wheel==2.0 (from a local file or an address)",
    ]


def test_the_lock_is_read_once_and_notices_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(500):
        (tmp_path / f"package_{i}-1.{i}.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    first = environment()
    assert environment() is first
    (tmp_path / "new-1.0.dist-info").mkdir()
    assert "new==1.0" in environment()
    assert installed.HEADER in first


def test_importing_the_room_imports_neither_git_nor_pandas() -> None:
    code = (
        "import sys, e2e_lab.versioning as v; v.environment\n"
        "print([m for m in ('git', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    import e2e_lab.versioning as room

    assert all(callable(getattr(room, name)) for name in room.__all__)
    with pytest.raises(AttributeError):
        _ = room.nothing
