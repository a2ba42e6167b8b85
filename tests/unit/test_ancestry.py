"""The graph around a version, among many thousands and with renamed and unknown parents."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from e2e_lab.records import Column, Parent, Snapshot
from e2e_lab.workspace.server.ancestry import graph


def version(name: str, number: int, content: str, *parents: Parent) -> Snapshot:
    column = Column(name="a", type="int64", nullable=True)
    return Snapshot(
        name=name, stage="raw", id=content, version=number, rows=1, schema=(column,), parents=parents,
        time=datetime.now(UTC),
    )  # fmt: skip


def test_a_renamed_parent_is_found_by_its_content_from_both_ends() -> None:
    new = version("flights", 1, "a" * 64)
    made = version("late", 1, "b" * 64, Parent(name="old_name", version=1, id="a" * 64))
    for focus in (new, made):
        found = graph(focus, [new, made])
        assert {node.name for node in found.nodes} == {"flights@v1", "late@v1"}
        assert [(edge.source.split("#")[0], edge.target.split("#")[0]) for edge in found.edges] == [
            ("snapshot:flights@v1", "snapshot:late@v1")
        ]
        assert found.missing == ()


def test_a_parent_that_two_could_be_is_neither() -> None:
    twins = [version(name, 1, "a" * 64) for name in ("one", "two")]
    made = version("late", 1, "b" * 64, Parent(name="old_name", version=1, id="a" * 64))
    assert graph(made, [*twins, made]).missing == ("old_name@v1 is not known here",)
    assert [node.name for node in graph(twins[0], [*twins, made]).nodes] == ["one@v1"]


def test_only_what_is_reached_is_worked_out() -> None:
    gone = Parent(name="gone", version=1, id="f" * 64)
    many = [version(f"d{n}", 1, f"{n:064}", gone) for n in range(4000)]
    focus = version("alone", 1, "a" * 64, Parent(name="renamed", version=1, id=f"{7:064}"))
    began = time.perf_counter()
    found = graph(focus, many)
    assert time.perf_counter() - began < 0.5
    assert {node.name for node in found.nodes} == {"alone@v1", "d7@v1", "gone@v1"}
