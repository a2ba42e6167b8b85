"""The graph over everything: what came from what (pure).

A *link* is one thing and the keys of what it came from; :func:`steps` puts links into the order in which a chain is
read: each thing before what it came from, and once, however many ways lead to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from e2e_lab.records import Step


@dataclass(frozen=True, kw_only=True)
class Link:
    """One thing in the graph. *origins* are the keys of the things it came from, in order."""

    kind: str
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()


K = TypeVar("K")


def distances(start: K, onwards: Callable[[K], Iterable[K]], most: int) -> dict[K, int]:
    """What can be reached from *start*, with the length of the longest way there, which is at most *most*.

    >>> ways = {"a": ["b", "c"], "b": ["c"], "c": []}
    >>> distances("a", ways.__getitem__, 3)
    {'a': 0, 'b': 1, 'c': 2}
    """
    far = {start: 0}
    waiting = deque([start])
    while waiting:
        one = waiting.popleft()
        for following in onwards(one):
            further = far[one] + 1
            if following != start and further > far.get(following, 0) and further <= most:
                far[following] = further  # the limit ends a cycle, which only damaged records could hold
                waiting.append(following)
    return far


def steps(root: str, links: Mapping[str, Link]) -> tuple[Step, ...]:
    """The chain from *root* back to its sources, depth first; *depth* grows by one with each link followed.

    What was shown already is not shown again, so that a cycle, which only damaged records could hold, ends too. Keys
    without a link are passed over: whoever collected the links says what is missing.

    >>> links = {
    ...     "m": Link(kind="model", name="delay@v1", origins=("r",)),
    ...     "r": Link(kind="run", name="deeper", origins=("a", "b")),
    ...     "a": Link(kind="snapshot", name="train@v1", origins=("raw",)),
    ...     "b": Link(kind="snapshot", name="test@v1", origins=("raw",)),
    ...     "raw": Link(kind="snapshot", name="flights@v1"),
    ... }
    >>> [("  " * step.depth) + step.name for step in steps("m", links)]
    ['delay@v1', '  deeper', '    train@v1', '      flights@v1', '    test@v1']
    """
    found: list[Step] = []
    seen: set[str] = set()
    waiting = [(root, 0)]
    while waiting:
        key, depth = waiting.pop()
        link = links.get(key)
        if link is None or key in seen:
            continue
        seen.add(key)
        found.append(Step(kind=link.kind, name=link.name, facts=dict(link.facts), depth=depth))
        waiting += [(origin, depth + 1) for origin in reversed(link.origins)]
    return tuple(found)
