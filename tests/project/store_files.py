"""What the tests of the store's care share: tables, flipped bits, versions of format 1, a child process to kill."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records import Snapshot


def table(rows: int = 20_000, seed: int = 0) -> pd.DataFrame:
    """Numbers, text, categories and nulls: a few hundred kB, of which nothing compresses away."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "delay": random.random(rows),
            "flight": random.integers(0, 1 << 60, rows),
            "carrier": pd.Categorical(random.choice(["AA", "B6", "UA"], rows), categories=["AA", "B6", "UA", "XX"]),
            "note": [f"note {n}" if n % 7 else None for n in random.integers(0, 1 << 40, rows)],
        }
    )


def fresh(project: Project, keep_days: float = 0) -> Project:
    """The project with this retention; what was made before is then older than that."""
    (project.root / "e2e.toml").write_text(f"[storage]\nkeep_days = {keep_days}\n", "utf-8")
    return Project.at(project.root)


def forget_records(project: Project) -> None:
    """Let no record name a version: only the journal knows them then."""
    for path in (project.root / "data").glob("*/*.json"):
        path.unlink()


def flip(path: Path, bit: int) -> bytes:
    """Turn over one bit of a file; what it held before."""
    before = path.read_bytes()
    content = bytearray(before)
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    return before


def packs(project: Project) -> list[Path]:
    return sorted((project.home / "store" / "packs").glob("*.pack"))


def manifest(project: Project, version: Snapshot) -> Path:
    return project.home / "store" / "snapshots" / version.id / "manifest"


def same(project: Project, version: Snapshot) -> bool:
    """Whether a version is loaded as it was saved."""
    return storage.fingerprint(storage.load(project, version)) == version.id


def as_format_1(project: Project, version: Snapshot) -> Path:
    """Put a version, which was saved from an Arrow table, into the store as format 1 had it; its folder."""
    content = storage.load(project, version, kind="arrow")
    assert storage.fingerprint(content) == version.id
    folder = manifest(project, version).parent
    sink = pa.BufferOutputStream()
    empty = pa.table({})
    with pa.ipc.new_stream(sink, empty.schema) as stream:
        stream.write_table(empty)
    counts = {
        "rows": len(content),
        "nulls": [c.null_count for c in content.columns],
        "nans": [False] * len(content.columns),
    }
    kept = {
        "e2e_lab.schema": base64.b64encode(content.schema.serialize()).decode(),
        "e2e_lab.form": "{}",
        "e2e_lab.extras": base64.b64encode(bytes(sink.getvalue())).decode(),
        "e2e_lab.counts": json.dumps(counts),
    }
    with pq.ParquetWriter(folder / "table.parquet", content.schema, compression="zstd", write_page_checksum=True,
                          use_compliant_nested_type=False) as writer:  # fmt: skip
        writer.write_table(content)
        writer.add_key_value_metadata(kept)
    whole = (folder / "table.parquet").read_bytes()
    footer = whole[-int.from_bytes(whole[-8:-4], "little") - 8 :]
    said = {
        "format": 1, "id": version.id, "rows": len(content), "bytes": len(whole), "blake3": blake3(whole).hexdigest(),
        "footer": {"bytes": len(footer), "blake3": blake3(footer).hexdigest()},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(said, indent=1), "utf-8")
    for pack in json.loads((folder / "manifest").read_bytes().split(b"\n")[1])["packs"]:
        (project.home / "store" / "packs" / f"{pack}.pack").unlink()
    (folder / "manifest").unlink()
    return folder


# Imports once, then forks for each line it reads: [ROOT, N, CODE]. The fork runs CODE, and is killed with signal 9 just
# before its Nth call of something that changes the disk. The answer is how it ended.
_FORKS = """
import json, os, pathlib, signal, sys, traceback
from e2e_lab import project, storage
from e2e_lab.storage import checking, loading, saving
from e2e_lab.storage.store import collecting, forgetting, index, stored, streams
import pandas

def deadly(real, left):
    def call(*words, **more):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **more)
    return call

print("ready", flush=True)
for line in sys.stdin:
    root, after, code = json.loads(line)
    pid = os.fork()
    if pid:
        print(os.waitpid(pid, 0)[1], flush=True)
        continue
    left = [after]
    here = project.find(root)
    for module, name in ((os, "fsync"), (os, "replace"), (os, "unlink"), (os, "rename"), (os, "rmdir"), (os, "write"),
                         (pathlib.Path, "unlink"), (pathlib.Path, "rename"), (pathlib.Path, "rmdir")):
        setattr(module, name, deadly(getattr(module, name), left))
    try:
        exec(code)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
"""


class Crashing:
    """Runs code, which knows ``here`` and ``storage``, in processes that are killed on the way."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-c", _FORKS]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._answer() == "ready"

    def killed(self, project: Project, after: int, code: str) -> bool:
        """Whether the process died at its *after*-th change of the disk; False where it came to its end before."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(project.root), after, code]) + "\n")
        self._process.stdin.flush()
        status = int(self._answer())
        assert status in (0, signal.SIGKILL), f"the code failed: {code}"
        return status != 0

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()
