"""The manifest of a version: what it is, and where its bytes lie. The format is in ``docs/store-format.md``."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from blake3 import blake3
from numpy.typing import NDArray

from e2e_lab.errors import Damaged, StorageRefused, VersionNotFound
from e2e_lab.project import Project, sync_folder, writing
from e2e_lab.storage.parquet import physical_schema
from e2e_lab.storage.store.coding import Coding, known_coding
from e2e_lab.storage.store.footer import MAGIC, Leaf, annotated, lifted_leaf
from e2e_lab.storage.store.heads import DIGITS, MANIFEST, Head, parsed_head, place_of
from e2e_lab.storage.store.packs import SHORT, Span, merged

PLAIN_AT_MOST = 1 << 14  # bytes of a footer; compressing less takes longer than it saves
_NUMBERS = pa.list_(pa.int64())
_BODY = pa.schema(
    [
        ("schema", pa.binary()),
        ("form", pa.string()),
        ("extras", pa.binary()),
        ("extras_span", _NUMBERS),
        ("footer", pa.binary()),
        ("ranges", _NUMBERS),
        ("anchors", pa.list_(pa.string())),
        ("target", pa.int64()),
        ("digests", pa.binary()),
        ("nulls", _NUMBERS),
        ("nans", pa.list_(pa.bool_())),
        ("fingerprints", pa.binary()),
        ("seed", pa.uint64()),
        ("quick", pa.binary()),
        ("lying", pa.binary()),
        ("leaves", pa.list_(pa.int32())),
        ("chunks", _NUMBERS),
        ("spans", pa.list_(pa.int32())),
        ("pack", pa.list_(pa.int32())),
        ("offset", _NUMBERS),
        ("length", _NUMBERS),
    ]
)


@dataclass(frozen=True)
class Piece:
    """One column in one range, encoded: its fingerprint, what a footer says of it, and where its pages lie."""

    fingerprint: bytes
    leaves: tuple[Leaf, ...]
    spans: tuple[Span, ...]


class Hints(NamedTuple):
    """The quick hashes of a piece: of its values as its fingerprint has them, and as they lay in memory."""

    fed: bytes
    lying: bytes


@dataclass
class Quick:
    """Quick hashes of pieces, by which those that did not change are recognised before they are hashed with care.

    They depend on a *seed* that nobody else knows, so that no table can be made to pass for another one. *before* has
    the parent's by fingerprint, *known* gives fingerprints by either hash, *found* is what is there now. *moved* says
    that text was found to lie elsewhere than before, from its first row on.
    """

    seed: int
    before: Mapping[bytes, Hints] = field(default_factory=dict)
    found: dict[bytes, Hints] = field(default_factory=dict)
    moved: bool = False

    @classmethod
    def after(cls, parent: Manifest | None) -> Quick:
        """What there is to go by after *parent*."""
        return cls(secrets.randbits(64)) if parent is None else cls(parent.seed, parent.quick_hashes())

    @cached_property
    def known(self) -> dict[bytes, bytes]:
        """The fingerprint by each hash that there was before."""
        return {hint: one for one, hints in self.before.items() for hint in hints}


@dataclass(frozen=True)
class Cut:
    """How rows are cut: the first row of each range and the number of rows, by which columns, aiming at how many."""

    ranges: tuple[int, ...]
    anchors: tuple[str, ...] = ()
    target: int = 0


@dataclass(frozen=True)
class Manifest:
    """A version as the store has it.

    *schema* is the table's, hidden columns included; *digests* are of its columns, *nulls* counts nulls a column,
    *nans* says where NaN is beside them. Pieces stand range by range, in each column by column.
    """

    id: str
    schema: pa.Schema
    form: Mapping[str, Any]
    cut: Cut
    digests: tuple[bytes, ...]
    nulls: tuple[int, ...]
    nans: tuple[bool, ...]
    footer: bytes
    fingerprints: bytes
    seed: int
    quick: bytes
    lying: bytes
    leaves: tuple[int, ...]
    chunks: NDArray[np.int64] = field(repr=False)
    spans: tuple[tuple[Span, ...], ...] = field(repr=False)
    file: int
    added: int
    extras: bytes = b""
    extras_span: Span | None = None

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return self.cut.ranges[-1]

    @property
    def columns(self) -> int:
        """How many columns the file has; one where the table has none."""
        return len(self.leaves)

    def fingerprint(self, place: int) -> bytes:
        """The fingerprint of the piece at *place*."""
        return self.fingerprints[place * SHORT : (place + 1) * SHORT]

    def quick_hashes(self) -> dict[bytes, Hints]:
        """The quick hashes of each fingerprint."""
        found = {}
        for at in range(0, len(self.quick), SHORT):
            fed, lying = self.quick[at : at + SHORT], self.lying[at : at + SHORT]
            found[self.fingerprints[at : at + SHORT]] = Hints(fed, lying if lying.strip(b"\0") else fed)
        return found

    @cached_property
    def places(self) -> dict[bytes, int]:
        """Where among its pieces a fingerprint is found."""
        return {self.fingerprint(place): place for place in range(len(self.spans))}

    def piece(self, place: int) -> Piece:
        """The piece at *place*, for use in another version."""
        column = place % self.columns
        before = self._leaves_before[-1] * (place // self.columns) + self._leaves_before[column]
        chunks = self._chunks[before : before + self.leaves[column]]
        leaves = tuple([lifted_leaf(self.footer, chunk) for chunk in chunks])
        return Piece(self.fingerprint(place), leaves, self.spans[place])

    @cached_property
    def _chunks(self) -> list[list[int]]:
        """:attr:`chunks` as plain numbers, which are taken one by one in a fraction of the time."""
        found: list[list[int]] = self.chunks.tolist()
        return found

    @cached_property
    def _leaves_before(self) -> list[int]:
        return [0, *accumulate(self.leaves)]

    @cached_property
    def codings(self) -> dict[tuple[str, str], Coding]:
        """How each column is encoded, by name and type."""
        physical = physical_schema(self.schema)
        groups = len(self.cut.ranges) - 1
        return {
            (said.name, str(said.type)): known_coding(self.piece(place).leaves, physical.field(place).type)
            for place, said in enumerate(self.schema if groups else ())
        }

    @cached_property
    def layout(self) -> list[Span]:
        """The spans of the Parquet file, in order."""
        return merged(span for spans in self.spans for span in spans)

    @property
    def needed(self) -> list[Span]:
        """All that it needs of packs: what the file has, and the arrays that the form speaks of."""
        return [*self.layout, *([self.extras_span] if self.extras_span is not None else [])]

    def packs(self) -> tuple[str, ...]:
        """The packs it needs, in the order in which it first speaks of them."""
        return tuple(dict.fromkeys(span.pack for span in self.needed))

    def same_file(self, other: Manifest) -> bool:
        """Whether the file of *other* has the same pages at the same places."""
        end = int(self.chunks[-1, 2]) if len(self.chunks) else 0
        same = np.array_equal(self.chunks, other.chunks) and self.footer[:end] == other.footer[:end]
        return bool(same) and self.fingerprints == other.fingerprints

    def moved(self, where: Callable[[Span], Sequence[Span]]) -> Manifest:
        """The same version after bytes were moved; *where* says of each span in which ones its bytes are now."""
        spans = tuple(tuple(merged(new for span in piece for new in where(span))) for piece in self.spans)
        extras = where(self.extras_span)[0] if self.extras_span is not None else None
        return replace(self, spans=spans, extras_span=extras)

    # ---- as bytes --------------------------------------------------------------------------------------------

    def to_bytes(self, *, packed: int | None = None) -> bytes:
        """The file. Where *packed* bytes were written to a pack for it, it says what it added with itself."""
        names = self.packs()
        number = {name: place for place, name in enumerate(names)}
        flat = [span for piece in self.spans for span in piece]
        extras = self.extras_span
        row = {
            "schema": self.schema.serialize().to_pybytes(),
            "form": json.dumps(self.form),
            "extras": self.extras,
            "extras_span": [number[extras.pack], extras.offset, extras.length] if extras else [],
            "footer": self.footer,
            "ranges": self.cut.ranges,
            "anchors": self.cut.anchors,
            "target": self.cut.target,
            "digests": b"".join(self.digests),
            "nulls": self.nulls,
            "nans": self.nans,
            "fingerprints": self.fingerprints,
            "seed": self.seed,
            "quick": self.quick,
            "lying": self.lying,
            "leaves": self.leaves,
            "chunks": self.chunks.ravel(),
            "spans": [len(piece) for piece in self.spans],
            "pack": [number[span.pack] for span in flat],
            "offset": [span.offset for span in flat],
            "length": [span.length for span in flat],
        }
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd" if len(self.footer) > PLAIN_AT_MOST else None)
        with pa.ipc.new_stream(sink, _BODY, options=options) as stream:
            stream.write_batch(pa.record_batch([pa.array([row[f.name]], f.type) for f in _BODY], schema=_BODY))
        body = bytes(sink.getvalue())
        head = Head(self.id, self.rows, self.file, self.added, names)
        if packed is not None:
            without = packed + DIGITS + 1 + len(body) + len(replace(head, added=0).line()) - 1
            head = replace(head, added=without + len(str(without + len(str(without)))))
        rest = head.line() + body
        return blake3(rest).hexdigest().encode() + b"\n" + rest


def read_manifest(project: Project, snapshot_id: str) -> Manifest:
    """The manifest of a version; :class:`VersionNotFound`, :class:`Damaged`, :class:`NewerFormat`."""
    path = place_of(project, snapshot_id) / MANIFEST
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise VersionNotFound(f"The data {snapshot_id[:12]} is not stored here.") from None
    except OSError as problem:
        raise Damaged(f"{path} cannot be read: {problem.strerror}.", hint="e2e verify") from problem
    head = parsed_head(path, content)
    rest = memoryview(content)[DIGITS + 1 :]
    if blake3(rest).hexdigest().encode() + b"\n" != content[: DIGITS + 1] or head.id != snapshot_id:
        raise Damaged(f"{path} is not what was stored.", hint="snapshot the same data again")
    return _parsed(path, head, pa.py_buffer(content).slice(content.index(b"\n", DIGITS + 1) + 1))


def _parsed(path: Path, head: Head, body: pa.Buffer) -> Manifest:
    try:
        row = pa.ipc.open_stream(body).read_next_batch()
        row.validate(full=True)  # Arrow trusts offsets that it reads, and ends the process over wrong ones
        said = {name: row.column(name) for name in row.schema.names}

        def plain(name: str) -> Any:
            return said[name][0].as_py()

        def numbers(name: str) -> Any:
            return said[name].values.to_numpy(zero_copy_only=False)

        extras = plain("extras_span")
        digests = plain("digests")
        spans = _spans(head.packs, numbers("spans"), numbers("pack"), numbers("offset"), numbers("length"))
        found = Manifest(
            id=head.id,
            schema=pa.ipc.read_schema(pa.py_buffer(plain("schema"))),
            form=json.loads(plain("form")),
            cut=Cut(tuple(plain("ranges")), tuple(plain("anchors")), plain("target")),
            digests=tuple(digests[at : at + 32] for at in range(0, len(digests), 32)),
            nulls=tuple(plain("nulls")),
            nans=tuple(plain("nans")),
            footer=plain("footer"),
            fingerprints=plain("fingerprints"),
            seed=plain("seed"),
            quick=plain("quick"),
            lying=plain("lying") if "lying" in said else b"",
            leaves=tuple(plain("leaves")),
            chunks=numbers("chunks").reshape(-1, 5),
            spans=spans,
            file=head.file,
            added=head.added,
            extras=plain("extras"),
            extras_span=Span(head.packs[extras[0]], extras[1], extras[2]) if extras else None,
        )
        _refuse_misfit(found)
        return found
    except Exception as problem:  # hashed right, written wrong: it may say anything
        raise Damaged(f"{path} cannot be read: {problem}.", hint="snapshot the same data again") from problem


def _refuse_misfit(found: Manifest) -> None:
    """Raise ValueError where the parts of a manifest are not of one table."""
    ranges, pieces = found.cut.ranges, len(found.spans)
    fits = (
        pieces == (len(ranges) - 1) * found.columns == len(found.fingerprints) // SHORT == len(found.quick) // SHORT
        and len(found.lying) in (0, len(found.quick))
        and len(found.chunks) == (len(ranges) - 1) * sum(found.leaves)
        and ranges[0] == 0
        and all(first < last for first, last in pairwise(ranges))
        and len(found.schema) == len(found.digests) == len(found.nulls) == len(found.nans)
        and found.columns == max(len(found.schema), 1)
        and all(span.offset > 0 and span.length > 0 for span in found.layout)
    )
    if not fits:
        raise ValueError("its parts do not fit")


def _spans(
    packs: Sequence[str],
    counts: NDArray[np.int32],
    pack: NDArray[np.int32],
    offset: NDArray[np.int64],
    length: NDArray[np.int64],
) -> tuple[tuple[Span, ...], ...]:
    names = [packs[number] for number in pack.tolist()]
    flat = list(map(Span, names, offset.tolist(), length.tolist()))
    ends = np.cumsum(counts).tolist()
    return tuple(tuple(flat[end - count : end]) for count, end in zip(counts.tolist(), ends, strict=True))


def write_manifest(project: Project, manifest: Manifest, content: bytes) -> None:
    """Put the bytes of a manifest in their place, durably; one that is there is replaced whole."""
    place = place_of(project, manifest.id)
    fresh = not place.is_dir()
    try:
        project.write(place / MANIFEST, content)
    except StorageRefused:
        with suppress(OSError):  # it is not empty
            place.rmdir()
        raise
    if fresh:
        with writing(place):
            sync_folder(place.parent)


def hint_fields(hints: Sequence[Hints]) -> tuple[bytes, bytes]:
    """A manifest's ``quick`` and ``lying``, as :meth:`Manifest.quick_hashes` reads them: zeros, or nothing at all, say
    that values lay as they are fed."""
    lying = b"".join(bytes(SHORT) if hint.lying == hint.fed else hint.lying for hint in hints)
    return b"".join(hint.fed for hint in hints), lying if lying.strip(b"\0") else b""


def file_length(manifest_footer: bytes, pages: int) -> int:
    """How long the Parquet file is over so many bytes of pages."""
    return 2 * len(MAGIC) + pages + len(manifest_footer) + 4


def noted(manifest: Manifest, metadata: Mapping[bytes, bytes]) -> Manifest:
    """The same version with more key-value metadata in the footer of its file."""
    footer = annotated(manifest.footer, metadata)
    return replace(manifest, footer=footer, file=manifest.file + len(footer) - len(manifest.footer))
