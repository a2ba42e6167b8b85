"""Commits on hidden refs (``refs/e2e/…``): the working tree as it is, with index, branch and reflog left alone.

Written by ``git fast-import`` as a difference to HEAD, so that the cost follows what changed and not the size of the
tree, and neither hooks, signing nor an identity are asked for.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from e2e_lab.errors import GitError
from e2e_lab.versioning.repository import Repository

_FILES = ("100644", "100755")
_AUTHOR = b"e2e-lab <e2e-lab@localhost>"


@dataclass
class Tree:
    """What to change in HEAD's tree; paths are relative to the repository's top, later entries win."""

    removed: list[str] = field(default_factory=list)
    files: dict[str, tuple[str, bytes | None]] = field(default_factory=dict)
    """path → (mode, content); None: as the file on disk is, through the user's clean filters."""


def write(repo: Repository, ref: str, tree: Tree, *, parent: str | None, message: str, durable: bool = False) -> str:
    """Make *ref* a commit of *tree* on top of *parent*; its id. *durable*: fsync what is written."""
    stream = [
        f"commit {ref}\nmark :1\n".encode(),
        b"committer " + _AUTHOR + f" {int(time.time())} +0000\n".encode(),
        _data(message.encode()),
    ]
    if parent:
        stream.append(f"from {parent}\n".encode())
    stream += [b"D " + _quoted(path) + b"\n" for path in tree.removed]
    on_disk = [path for path, (mode, content) in tree.files.items() if content is None and mode in _FILES]
    hashed = dict(zip(on_disk, blob_ids(repo, on_disk, store=True)))
    for path, (mode, content) in tree.files.items():
        if path in hashed:
            stream.append(f"M {mode} {hashed[path]} ".encode() + _quoted(path) + b"\n")
        elif content is not None:
            stream.append(f"M {mode} inline ".encode() + _quoted(path) + b"\n" + _data(content))
        elif mode == "120000":
            link = os.fsencode((repo.top / path).readlink())
            stream.append(f"M {mode} inline ".encode() + _quoted(path) + b"\n" + _data(link))
    stream.append(b"get-mark :1\ndone\n")
    settings = ("-c", "core.fsync=committed") if durable else ()
    out = repo.run(*settings, "fast-import", "--quiet", "--done", "--force", given=b"".join(stream)).out
    return out.decode("ascii").strip()


def blob_ids(repo: Repository, paths: list[str], *, store: bool) -> list[str]:
    """The blobs that git would make of files, clean filters included; *store* them."""
    if not paths:
        return []
    words = ("hash-object", "-w") if store else ("hash-object",)
    plain = [path for path in paths if "\n" not in path]
    asked = b"".join(os.fsencode(path) + b"\n" for path in plain)
    out = repo.run(*words, "--stdin-paths", given=asked).out.decode("ascii").split()
    found = dict(zip(plain, out, strict=True))
    for path in paths:
        if path not in found:  # --stdin-paths knows no file names with a line break
            found[path] = repo.run(*words, "--", path).out.decode("ascii").strip()
    return [found[path] for path in paths]


def blob_id(repo: Repository, path: str) -> str:
    """The blob that git would make of the file at *path*, which is not stored."""
    return repo.run("hash-object", "--", path).out.decode("ascii").strip()


def drop(repo: Repository, ref: str) -> None:
    """Take a hidden ref away."""
    if not ref.startswith("refs/e2e/"):
        raise GitError(f"{ref} is not one of ours.")
    repo.run("update-ref", "-d", ref)


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"


def _quoted(path: str) -> bytes:
    raw = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + raw + b'"'
