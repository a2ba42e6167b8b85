"""The store: every version of a table, each piece kept once. The format is in ``docs/store-format.md``.

put     a table under the id of its content        pieces that are known are not even encoded
find    a version again, exactly as it was         its Parquet file exists as spans of packs

door        putting  streams  stored               what the rooms call
a version   writer  manifest  footer  thrift       what it is made of, and where its bytes lie
bytes       ranges  hashing  blocks                rows cut, hashed
            pieces  coding                         encoded
            packs  reading                         kept and checked
care        leases  index  healing                 who relies on what, what is found where
            census  collecting  repacking          what is there, what is taken away
            forgetting  ledger  verifying          what is erased for good, what is still intact
before      one_file                               versions of format 1, to read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.storage.store.heads import disk_bytes, is_stored, stored_bytes
    from e2e_lab.storage.store.leases import Lease, hold_until_exit, lease
    from e2e_lab.storage.store.putting import Put, put
    from e2e_lab.storage.store.stored import Stored, find
    from e2e_lab.storage.store.streams import put_stream

__all__ = [
    "Lease",
    "Put",
    "Stored",
    "disk_bytes",
    "find",
    "hold_until_exit",
    "is_stored",
    "lease",
    "put",
    "put_stream",
    "stored_bytes",
]

_WHERE = {
    "Lease": "leases",
    "Put": "putting",
    "Stored": "stored",
    "disk_bytes": "heads",
    "find": "stored",
    "hold_until_exit": "leases",
    "is_stored": "heads",
    "lease": "leases",
    "put": "putting",
    "put_stream": "streams",
    "stored_bytes": "heads",
}

__getattr__ = lazily(__name__, _WHERE)
