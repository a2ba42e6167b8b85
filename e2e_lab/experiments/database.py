"""The embedded MLflow database as a file: made in one step, moved with its project, read without mlflow."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from e2e_lab.project import Project, taking_turns

DATABASE = "mlflow.db"
ROOT = "mlflow.root"

_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "fuse.sshfs",
    "lustre",
    "gpfs",
    "ceph",
    "gluster",
    "fuse.gluster",
    "9p",
    "afs",
    "beegfs",
)
_PATHS = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def path_of(project: Project) -> Path:
    """Where the embedded database lies, whether or not it exists."""
    return project.home / DATABASE


def guarded(project: Project) -> AbstractContextManager[None]:
    """One process at a time makes, migrates or moves the database: MLflow's own migrations break otherwise."""
    return taking_turns(project.home / "mlflow.lock", doing="preparing the experiment database", seconds=60.0)


_migrating = threading.Lock()
"""Alembic keeps the database it migrates in a global: two at once in one process would mix."""


def make(project: Project) -> None:
    """A new database with MLflow's tables, made aside and renamed: a crash leaves none rather than half of one."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    aside = project.home / f"{DATABASE}.new"
    for suffix in ("", "-wal", "-shm", "-journal"):
        aside.with_name(aside.name + suffix).unlink(missing_ok=True)
    artifacts = (project.home / "artifacts").as_uri()
    with _migrating:
        SqlAlchemyStore(sqlite_uri(aside), artifacts).engine.dispose()  # type: ignore[no-untyped-call]
    with closing(sqlite3.connect(aside)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        if not on_network(project.home):
            connection.execute("pragma journal_mode=wal")
    with open(aside, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(aside, path_of(project))
    project.write(project.home / ROOT, str(project.home).encode())


def sqlite_uri(path: Path) -> str:
    """The SQLAlchemy address of the database at *path*."""
    return f"sqlite:///{path}"


def identity(project: Project) -> tuple[int, int] | None:
    """Which file the database is, None where there is none: a project that was deleted and made again has another."""
    try:
        found = path_of(project).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def let_go(uri: str) -> None:
    """Close MLflow's connections to a database file that is gone; they would go on writing into nothing."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    for kind in (Tracking, Registry):
        engine = kind._engine_map.get(uri)
        if engine is not None:
            engine.dispose()


def upgrade(project: Project) -> Path | None:
    """Bring the tables to the installed MLflow's form, and where the database as it was is kept; None if it fits."""
    import mlflow
    import sqlalchemy
    from mlflow.store.db.utils import _get_latest_schema_revision, _upgrade_db

    path = path_of(project)
    with reading(path) as connection:
        found = connection.execute("select version_num from alembic_version").fetchone()[0]
    if found == _get_latest_schema_revision():  # type: ignore[no-untyped-call]
        return None
    kept = path.with_name(f"{DATABASE}.before-mlflow-{mlflow.__version__}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(kept)) as target:
        source.backup(target)
    engine = sqlalchemy.create_engine(sqlite_uri(path))
    try:
        with _migrating:
            _upgrade_db(engine)  # type: ignore[no-untyped-call]
    finally:
        engine.dispose()
    return kept


def settle(project: Project) -> bool:
    """Rewrite absolute paths after the project was moved or copied; whether anything had to be.

    Model files first, one by one, then the database in one transaction, then the note of where it lies. A crash
    between leaves old paths that the next open rewrites: rewriting again changes nothing.
    """
    note = project.home / ROOT
    try:
        was = note.read_text("utf-8").strip()
    except OSError:
        was = str(project.home)
        project.write(note, was.encode())
    here = str(project.home)
    if was == here:
        return False
    pairs = [(Path(was).as_uri() + "/", project.home.as_uri() + "/"), (was + "/", here + "/")]
    for model in (project.home / "artifacts").rglob("MLmodel"):
        text = model.read_text("utf-8")
        moved = text
        for old, new in pairs:
            moved = moved.replace(old, new)
        if moved != text:
            project.write(model, moved.encode())
    with closing(sqlite3.connect(path_of(project))) as connection, connection:
        for table, columns in _PATHS.items():
            present = {row[1] for row in connection.execute(f"pragma table_info({table})")}
            for column in present.intersection(columns):
                for old, new in pairs:
                    connection.execute(
                        f"update {table} set {column} = ? || substr({column}, ?) "  # noqa: S608  names are ours
                        f"where substr({column}, 1, ?) = ? and substr({column}, 1, ?) != ?",
                        (new, len(old) + 1, len(old), old, len(new), new),
                    )
    project.write(note, here.encode())
    return True


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The database read-only; it is neither made nor changed."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2.0)
    try:
        yield connection
    finally:
        connection.close()


def on_network(folder: Path) -> bool:
    """Whether *folder* lies on a network file system, where sqlite's write-ahead log loses data."""
    import psutil

    mounts = [
        (Path(part.mountpoint), part.fstype.lower())
        for part in psutil.disk_partitions(all=True)
        if folder.is_relative_to(part.mountpoint)
    ]
    kind = max(mounts, key=lambda mount: len(mount[0].parts), default=(folder, ""))[1]
    return kind.startswith(_NETWORK)
