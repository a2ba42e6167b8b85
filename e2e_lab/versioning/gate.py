"""The gate (pure): what looks like a password or key in a text, and where. Few patterns, few false alarms.

Well-known tokens are recognised by their form anywhere; ``password = "…"`` only where the value is long, mixed and
irregular, and no placeholder. A line with ``e2e: allow-secret`` (or ``pragma: allowlist secret``) is passed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from e2e_lab.versioning import notebooks

LONGEST = 20_000_000
"""Bytes from which on a notebook is not read; other files are taken for data from a quarter of that on (a second)."""

_ALLOWED = re.compile(r"e2e: ?allow-secret|pragma: ?allowlist[ -]secret")

_TOKENS = (
    ("private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?![\"'`])")),
    ("AWS access key", re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")),
    ("AWS secret key", re.compile(r"(?i)aws_?secret_?(?:access_?)?key\W{1,6}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])")),
    ("GitHub token", re.compile(r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{50,})")),
    ("GitLab token", re.compile(r"(?<![A-Za-z0-9])glpat-[\w-]{20,}")),
    ("Slack token", re.compile(r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("Slack webhook", re.compile(r"hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}")),
    ("Google key", re.compile(r"(?<![A-Za-z0-9])AIza[\w-]{35}(?![\w-])")),
    ("Stripe key", re.compile(r"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{20,}")),
    ("Hugging Face token", re.compile(r"(?<![A-Za-z0-9])hf_[A-Za-z]{34}(?![A-Za-z0-9])")),
    ("PyPI token", re.compile(r"pypi-AgE[\w-]{50,}")),
    ("API key", re.compile(r"(?<![A-Za-z0-9])sk-(?:proj-|ant-)?[A-Za-z0-9_-]{40,}")),
)

_WORDS = r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
_ASSIGNED = re.compile(
    rf"""(?i){_WORDS}(?:[_-]\w{{1,24}})?["']?\]?\s*(?::\s*[\w.]+\s*=|:=|==?|=>|:)\s*[a-z]{{0,2}}(["'])([^"'\r\n]{{8,200}})\1"""
)
_UNQUOTED = re.compile(rf"(?im)^[ \t]*[\w.-]*{_WORDS}(?:[_-]\w{{1,24}})?[ \t]*[:=][ \t]*()([^\s\"'#]{{8,200}})[ \t]*$")
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+]{1,20}://[^\s:/@\"']{1,64}:()([^\s:/@\"']{8,200})@")
_PLACEHOLDER = re.compile(
    r"(?i)example|changeme|change_me|your[_-]|placeholder|dummy|redacted|xxxx|\*{3}|<.*>|\{.*\}|^\$|^%|^/|^\./|^https?:"
)
_SETTINGS = (".yaml", ".yml", ".toml", ".cfg", ".txt", ".ini", ".properties")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like a secret: what kind, and where. The secret itself is not kept."""

    kind: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}"


def findings(path: str, content: bytes) -> list[Finding]:
    """What looks like a secret in the file *path*, in order; sources and outputs of a notebook are both read.

    >>> [str(f) for f in findings("job.py", b"import os\\npassword = 'q7Vz-19xKp3w'\\n")]
    ['job.py, line 2: password or token']
    >>> findings("job.py", b"password = os.environ['DB_PASSWORD']")
    []
    """
    if len(content) > (LONGEST if path.endswith(".ipynb") else LONGEST // 4) or b"\0" in content[:8192]:
        return []
    if path.endswith(".ipynb"):
        cells = notebooks.cells(content)
        if cells:
            return [finding for cell in cells for finding in _in_cell(path, cell)]
    text = content.decode("utf-8", "replace")
    unquoted = path.lower().endswith(_SETTINGS)
    return [Finding(kind, f"{path}, line {line}") for line, kind in _in_text(text, unquoted=unquoted)]


def _in_cell(path: str, cell: notebooks.Cell) -> Iterator[Finding]:
    for line, kind in _in_text(cell.source):
        yield Finding(kind, f"{path}, cell {cell.number}, line {line}")
    seen = {kind for text in cell.outputs for _, kind in _in_text(text)}
    seen |= {kind for text in cell.rich for _, kind in _in_text(text, assignments=False)}
    for kind in sorted(seen):
        yield Finding(kind, f"{path}, output of cell {cell.number}")


def _in_text(text: str, *, unquoted: bool = False, assignments: bool = True) -> list[tuple[int, str]]:
    found = [(match.start(), kind) for kind, pattern in _TOKENS for match in pattern.finditer(text)]
    if assignments:
        patterns = (_ASSIGNED, _IN_ADDRESS, _UNQUOTED) if unquoted else (_ASSIGNED, _IN_ADDRESS)
        found += [
            (match.start(2), "password or token")
            for pattern in patterns
            for match in pattern.finditer(text)
            if _irregular(match[2])
        ]
    named: dict[int, str] = {}
    for at, kind in sorted(found):
        start = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at)
        if not _ALLOWED.search(text[start : end if end >= 0 else len(text)]):
            named.setdefault(text.count("\n", 0, at) + 1, kind)
    return list(named.items())


def _irregular(value: str) -> bool:
    if _PLACEHOLDER.search(value) or " " in value:
        return False
    pieces = [piece for piece in re.split(r"[-_./:,|]+", value) if piece]
    if all(piece.isalpha() or piece.isdigit() or re.fullmatch(r"v\d+", piece) for piece in pieces):
        return False
    if not (any(map(str.isdigit, value)) and any(map(str.isalpha, value))):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= 2.9
