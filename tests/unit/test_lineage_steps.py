"""The order of a chain: a thing before what it came from, shared origins once, cycles without harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2e_lab.lineage import Link, steps


def link(name: str, *origins: str) -> Link:
    return Link(kind="snapshot", name=name, facts={"rows": "1"}, origins=origins)


def test_a_shared_parent_is_shown_once_under_its_first_child() -> None:
    links = {"a": link("a", "b", "c"), "b": link("b", "raw"), "c": link("c", "raw"), "raw": link("raw")}
    assert [(step.name, step.depth) for step in steps("a", links)] == [("a", 0), ("b", 1), ("raw", 2), ("c", 1)]


def test_facts_come_along() -> None:
    assert steps("a", {"a": link("a")})[0].facts == {"rows": "1"}


def test_what_is_not_there_is_passed_over() -> None:
    assert steps("nothing", {}) == ()
    assert [step.name for step in steps("a", {"a": link("a", "gone")})] == ["a"]


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4), max_size=9))
def test_any_graph_ends_and_shows_each_thing_that_is_reached_once(graph: dict[int, list[int]]) -> None:
    links = {str(key): link(str(key), *map(str, origins)) for key, origins in graph.items()}
    names = [step.name for step in steps("0", links)]
    reached: set[str] = set()
    waiting = ["0"]
    while waiting:
        key = waiting.pop()
        if key in links and key not in reached:
            reached.add(key)
            waiting += links[key].origins
    assert sorted(names) == sorted(reached)
