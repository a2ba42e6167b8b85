"""Versions of format 1, to read: one whole Parquet file each, with a manifest of its length and hashes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from e2e_lab.errors import Damaged, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.store.columns import Columns
from e2e_lab.storage.store.heads import OLD_MANIFEST, OLD_TABLE, place_of
from e2e_lab.storage.store.reading import damage


@dataclass(frozen=True)
class OldVersion:
    """A version of format 1."""

    path: Path
    schema: pa.Schema
    form: dict[str, Any]
    extras: dict[str, pa.Array]
    ranges: tuple[int, ...]
    nulls: tuple[int, ...]
    nans: tuple[bool, ...]
    whole: str
    footer: int

    def columns(self) -> Columns:
        """Its columns, to read; pages are checked against their checksums."""
        size = self.path.stat().st_size
        with open(self.path, "rb") as file:
            file.seek(size - self.footer)
            footer = pa.py_buffer(file.read())
        return Columns(lambda: pa.OSFile(str(self.path)), footer, size, page_checksums=True)

    def check(self) -> None:
        """Raise :class:`Damaged` where the file's bytes are not what was stored."""
        digest = blake3(max_threads=blake3.AUTO)
        digest.update_mmap(self.path)
        if digest.hexdigest() != self.whole:
            raise Damaged(f"{self.path} is not what was stored: its bytes have changed.", hint="e2e verify")


def old_version(project: Project, snapshot_id: str) -> OldVersion:
    """What lies in the store under this id in format 1; :class:`VersionNotFound` or :class:`Damaged`."""
    place = place_of(project, snapshot_id)
    path = place / OLD_TABLE
    try:
        manifest = json.loads((place / OLD_MANIFEST).read_text("utf-8"))
        said = (int(manifest["bytes"]), str(manifest["blake3"]), manifest["footer"]["bytes"])
    except FileNotFoundError:
        raise VersionNotFound(f"The data {snapshot_id[:12]} is not stored here.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise Damaged(f"{place / OLD_MANIFEST} is not what was stored.", hint="e2e verify") from None
    with damage(str(path)):
        with open(path, "rb") as file:
            file.seek(-said[2], 2)
            footer = file.read()
        if path.stat().st_size != said[0] or blake3(footer).hexdigest() != manifest["footer"]["blake3"]:
            raise Damaged(f"{path} is not what was stored.", hint="e2e verify")
        found = pq.read_metadata(path)
        kept = found.metadata
        extras = pa.ipc.open_stream(base64.b64decode(kept[b"e2e_lab.extras"])).read_all()
        counts = json.loads(kept[b"e2e_lab.counts"])
        rows = [found.row_group(n).num_rows for n in range(found.num_row_groups)]
        return OldVersion(
            path=path,
            schema=pa.ipc.read_schema(pa.BufferReader(base64.b64decode(kept[b"e2e_lab.schema"]))),
            form=json.loads(kept[b"e2e_lab.form"]),
            extras={name: extras.column(name)[0].values for name in extras.column_names},
            ranges=tuple(accumulate(rows, initial=0)),
            nulls=tuple(counts["nulls"]),
            nans=tuple(counts["nans"]),
            whole=said[1],
            footer=said[2],
        )
