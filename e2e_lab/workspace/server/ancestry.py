"""The graph around one version of a dataset: what it came from, and what came of it (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from e2e_lab import lineage
from e2e_lab.records import Parent, Snapshot, shape
from e2e_lab.records.panels import Graph, GraphEdge, GraphNode

MOST = 300
"""Nodes; a graph of more cannot be read."""

Event = tuple[str, int, str]


@dataclass(frozen=True)
class Known:
    """The versions there are, found by their number and content where a dataset has another name now."""

    versions: Mapping[Event, Snapshot]
    alike: Mapping[tuple[int, str], Sequence[Event]]
    made_of: Mapping[tuple[int, str], Sequence[Event]]
    """By number and content of a parent as it was recorded: the versions that name it."""

    @classmethod
    def of(cls, every: Iterable[Snapshot]) -> Known:
        versions = {_event(version): version for version in every}
        alike: dict[tuple[int, str], list[Event]] = defaultdict(list)
        made_of: dict[tuple[int, str], list[Event]] = defaultdict(list)
        for event, version in versions.items():
            alike[event[1:]].append(event)
            for parent in version.parents:
                made_of[parent.version, parent.id].append(event)
        return cls(versions, alike, made_of)

    def meant(self, parent: Parent) -> Event:
        """The known version that a parent means, found by its content where the dataset has another name now."""
        event = parent.name, parent.version, parent.id
        if event in self.versions:
            return event
        renamed = self.alike.get(event[1:], ())
        return renamed[0] if len(renamed) == 1 else event

    def parents(self, event: Event) -> list[Event]:
        """What a version was made from."""
        version = self.versions.get(event)
        return [self.meant(parent) for parent in version.parents] if version else []

    def children(self, event: Event) -> list[Event]:
        """What was made from a version."""
        found = dict.fromkeys(self.made_of.get(event[1:], ()))
        return [child for child in found if event in self.parents(child)]


def graph(focus: Snapshot, every: Iterable[Snapshot]) -> Graph:
    """What *focus* came from, back to the sources, and what came of it, among *every* known version.

    A parent that is not known here is a node all the same. Edges go in the direction of the data; each leads to a
    greater depth.
    """
    known = Known.of([*every, focus])
    versions = known.versions
    here = _event(focus)
    up, down = (lineage.distances(here, ways, len(versions) + 1) for ways in (known.parents, known.children))
    depths = {event: -far for event, far in up.items()} | down
    shown = set(sorted(depths, key=lambda event: abs(depths[event]))[:MOST])
    edges = tuple(
        GraphEdge(source=_key(known.meant(parent)), target=_key(event), inferred=parent.inferred is not None)
        for event in depths
        if event in shown and event in versions
        for parent in versions[event].parents
        if known.meant(parent) in shown
    )
    nodes = [_node(event, versions.get(event), depths[event]) for event in depths if event in shown]
    sources, read = _sources([versions[event] for event in depths if event in shown and event in versions], depths)
    unknown = sorted(f"{name}@v{number} is not known here" for name, number, _ in shown - versions.keys())
    left = len(depths) - len(shown)
    return Graph(
        focus=_key(here),
        nodes=tuple(sorted([*nodes, *sources], key=lambda node: (node.depth, node.name))),
        edges=tuple(dict.fromkeys((*edges, *read))),
        missing=(*unknown, *([f"{left:,} more are left out"] if left else [])),
    )


def _event(version: Snapshot) -> Event:
    return version.name, version.version, version.id


def _node(event: Event, version: Snapshot | None, depth: int) -> GraphNode:
    name, number, _ = event
    ref = f"{name}@v{number}"
    detail = f"{version.stage} · {shape(version.rows, len(version.columns))}" if version else "not known here"
    return GraphNode(
        id=_key(event), kind="snapshot", name=ref, detail=detail, ref=ref if version else None, depth=depth
    )


def _sources(
    versions: Iterable[Snapshot], depths: Mapping[Event, int]
) -> tuple[list[GraphNode], tuple[GraphEdge, ...]]:
    """The files and addresses that versions were read from, each once, before the first of its versions."""
    read: dict[str, list[Event]] = defaultdict(list)
    for version in versions:
        if version.source:
            read[version.source].append(_event(version))
    nodes = [
        GraphNode(
            id=f"source:{source}", kind="source", name=source.rstrip("/").rpartition("/")[2] or source, detail=source,
            ref=None, depth=min(depths[event] for event in events) - 1,
        )
        for source, events in read.items()
    ]  # fmt: skip
    edges = tuple(
        GraphEdge(source=f"source:{source}", target=_key(event), inferred=False)
        for source, events in read.items()
        for event in events
    )
    return nodes, edges


def _key(event: Event) -> str:
    name, number, content = event
    return f"snapshot:{name}@v{number}#{content[:12]}"
