"""Data Storage: frames in and out, versions by content, records and journal.

    snapshot(project, frame, name)  →  hash  →  store (whole or not at all)  →  journal  →  data/STAGE/NAME.json
    load(project, resolve(project, ref, lookups=…))  →  the same frame, or one of another kind

This is the room's face. Its names are loaded when they are first used: importing it imports neither pandas nor pyarrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.storage.checking import verify
    from e2e_lab.storage.ingesting import ingest, read_file
    from e2e_lab.storage.journal import known_names
    from e2e_lab.storage.listing import datasets, records, reinstate, remove, rename
    from e2e_lab.storage.loading import export, load, window
    from e2e_lab.storage.record_files import read_record, record_path
    from e2e_lab.storage.resolving import Lookup, current, every_version, resolve, versions
    from e2e_lab.storage.saving import draft, fingerprint, snapshot
    from e2e_lab.storage.store.collecting import gc
    from e2e_lab.storage.store.forgetting import forget
    from e2e_lab.storage.store.heads import disk_bytes, is_stored, stored_bytes

__all__ = [
    "Lookup",
    "current",
    "datasets",
    "disk_bytes",
    "draft",
    "every_version",
    "export",
    "fingerprint",
    "forget",
    "gc",
    "ingest",
    "is_stored",
    "known_names",
    "load",
    "read_file",
    "read_record",
    "record_path",
    "records",
    "reinstate",
    "remove",
    "rename",
    "resolve",
    "snapshot",
    "stored_bytes",
    "verify",
    "versions",
    "window",
]

_WHERE = {
    "Lookup": "resolving",
    "current": "resolving",
    "datasets": "listing",
    "disk_bytes": "store",
    "draft": "saving",
    "every_version": "resolving",
    "export": "loading",
    "fingerprint": "saving",
    "forget": "store.forgetting",
    "gc": "store.collecting",
    "ingest": "ingesting",
    "is_stored": "store",
    "known_names": "journal",
    "load": "loading",
    "read_file": "ingesting",
    "read_record": "record_files",
    "record_path": "record_files",
    "records": "listing",
    "reinstate": "listing",
    "remove": "listing",
    "rename": "listing",
    "resolve": "resolving",
    "snapshot": "saving",
    "stored_bytes": "store",
    "verify": "checking",
    "versions": "resolving",
    "window": "loading",
}

__getattr__ = lazily(__name__, _WHERE)
