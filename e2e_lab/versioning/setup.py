"""Making a project, or completing one: the repository, the settings, and the rules that keep records in git's sight."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from e2e_lab import project as projects
from e2e_lab.errors import GitError, UsageError
from e2e_lab.project import HOME, SETTINGS, Project, writing
from e2e_lab.records import STAGES, Initialised
from e2e_lab.versioning import repository
from e2e_lab.versioning.repository import Repository

RULES = ".gitignore"
_FRESH = f"/{HOME}/\n.ipynb_checkpoints/\n__pycache__/\n"
_PROBE = "e2e-probe"


def init(path: Path | str = ".", *, name: str | None = None) -> Initialised:
    """A project in *path*: the folder, a git repository (branch ``main``) where there is none above or where the one
    above ignores this folder, ``e2e.toml``, ``.e2e`` and the ignore rules. Safe to repeat: what is there is left as it
    is, and ``created`` names what was not.

    Raises :class:`UsageError` for the home folder, the root of the disk, or a file.
    """
    root = Path(path).expanduser().resolve()
    if root in (Path.home().resolve(), Path(root.anchor)):
        raise UsageError(f"{root} would make everything in it one project.", hint=f"e2e init {root / 'my-project'}")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file, not a folder.", hint=f"e2e init {root.parent}")
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
    created = []
    repo = repository.around(root)
    if repo is None or (repo.prefix and repo.ignored([repo.prefix])):
        repository.anywhere(root, "init", "--quiet", "--initial-branch=main")
        created.append(".git")
        repo = repository.of(Project.at(root))
    made, new = projects.create(root, name=name)
    created += new
    if _complete_rules(made, repo):
        created.append(RULES)
    return Initialised(path=str(root), name=made.name, created=tuple(created))


def _complete_rules(project: Project, repo: Repository) -> bool:
    """Hide ``.e2e`` and show records, with as few new rules as that takes; whether a file changed."""
    own = project.home / RULES
    if not own.exists():  # so that `git add -A` on a commit without our rules does not take the store in
        project.write(own, b"*\n")
    rules = project.root / RULES
    changed = False
    if not rules.exists():
        project.write(rules, _FRESH.encode())
        changed = True
    elif not _hides_home(rules):
        _append(project, rules, [f"/{HOME}/"])
        changed = True
    for _ in range(4):  # a deeper .gitignore can hide again what a higher one shows
        hiding = _hiding(repo)
        if not hiding:
            break
        for file, additions in hiding.items():
            _append(project, file, additions)
            changed = True
    if _hiding(repo):
        raise GitError(
            "An ignore rule hides the records of datasets (data/*/*.json), and could not be overruled.",
            hint="git check-ignore -v --no-index data/raw/x.json",
        )
    return changed


def _hides_home(rules: Path) -> bool:
    lines = {line.strip() for line in rules.read_text("utf-8", "replace").splitlines()}
    return not lines.isdisjoint({f"/{HOME}/", f"/{HOME}", f"{HOME}/", HOME})


def _hiding(repo: Repository) -> dict[Path, list[str]]:
    """Which ignore files need which rules for settings and records to be seen, while other data stays as it is."""
    inside = [
        SETTINGS,
        RULES,
        f"data/{_PROBE}",
        *(f"data/{stage}/{_PROBE}{end}" for stage in STAGES for end in ("", ".json")),
    ]
    ignored = repo.ignored(repo.prefix + path for path in inside)
    root = repo.top / repo.prefix
    needed: dict[Path, list[str]] = {}
    for file in (SETTINGS, RULES):
        if repo.prefix + file in ignored:
            needed.setdefault(root / RULES, []).append(f"!/{file}")
    for stage in STAGES:
        found = ignored.get(f"{repo.prefix}data/{stage}/{_PROBE}.json")
        if found is None:
            continue
        folder = _folder_of(repo, root, found[0])
        steps = [
            ("data", f"{repo.prefix}data/{_PROBE}" in ignored),
            (f"data/{stage}", f"{repo.prefix}data/{stage}/{_PROBE}" in ignored),
        ]
        rules = needed.setdefault(root / folder / RULES, [])
        for shown, others_hidden in steps:
            if PurePosixPath(folder).is_relative_to(shown):
                continue
            way = PurePosixPath(shown).relative_to(folder).as_posix()
            rules += [f"!/{way}/", *([f"/{way}/*"] if others_hidden else [])]
        way = PurePosixPath(f"data/{stage}").relative_to(folder).as_posix()
        rules.append(f"!/{way}/*.json" if way != "." else "!/*.json")
    return {file: list(dict.fromkeys(rules)) for file, rules in needed.items()}


def _folder_of(repo: Repository, root: Path, source: str) -> str:
    """Where new rules must stand to come after those of the ignore file *source*: its own folder if that lies in
    the project, else the project's root."""
    folder = Path(os.path.abspath(repo.top / source)).parent
    if Path(source).name == RULES and folder.is_relative_to(root):
        return folder.relative_to(root).as_posix()
    return "."


def _append(project: Project, file: Path, rules: list[str]) -> None:
    before = file.read_bytes() if file.exists() else b""
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    project.write(file, before + gap + "".join(f"{rule}\n" for rule in rules).encode())
