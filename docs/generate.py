"""Write the reference pages from the code: ``python docs/generate.py``; ``--check`` fails where a page is stale."""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path

import typescript  # beside this file

import e2e_lab
from e2e_lab import errors
from e2e_lab.workspace.grammar import AREAS, VERBS
from e2e_lab.workspace.jobs import KINDS
from e2e_lab.workspace.server.backend import E2ELab
from e2e_lab.workspace.server.description import document
from e2e_lab.workspace.server.routes import ROUTES

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- made by docs/generate.py from the code; edit there -->\n"


def verbs_page() -> str:
    """Every verb with its words and examples, by area."""
    parts = [NOTE, "# Verbs\n", "`%e2e VERB …` in a cell, `e2e VERB …` at a shell; both read the same words. "
             "`-h` (or `?`) explains a verb, `--json` gives any answer as JSON.\n"]  # fmt: skip
    for area in AREAS:
        parts.append(f"\n## {area.capitalize()}\n")
        for verb in VERBS:
            if verb.area != area:
                continue
            parts.append(f"\n### {verb.name}\n\n{verb.summary[0].upper()}{verb.summary[1:]}. {verb.detail}".rstrip())
            parts.append(f"\n\n```text\ne2e {verb.usage}\n```\n")
            if verb.args:
                parts.append("\n| word | meaning |\n| --- | --- |\n")
                for arg in verb.args:
                    word = ", ".join(f"`{flag}`" for flag in arg.flags) or f"`{arg.metavar or arg.name.upper()}`"
                    parts.append(f"| {word} | {arg.help.replace('|', chr(92) + '|')} |\n")
            lines = [example if example.startswith("%%") else f"%{example}" for example in verb.examples]
            parts.append("\n```python\n" + "\n".join(lines) + "\n```\n")
            parts.append(f"\nIn Python: `{verb.python}`\n")
    return "".join(parts)


def python_page() -> str:
    """Every public name with its signature and docstring."""
    parts = [NOTE, "# Python\n\n", "`import e2e_lab as e2e`. In a notebook, `%load_ext e2e_lab` puts `e2e` there.\n"]
    for name in e2e_lab.__all__:
        thing = getattr(e2e_lab, name)
        if not inspect.isfunction(thing):
            continue
        signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(thing))).replace("'", '"')
        parts.append(f"\n## {name}\n\n```python\ne2e.{name}{signature}\n```\n\n{_text(thing)}\n")
    return "".join(parts)


def errors_page() -> str:
    """The error tree with codes and HTTP statuses."""
    parts = [NOTE, "# Errors\n\n", "Everything e2e-lab refuses is an `e2e_lab.E2EError`. A magic prints what happened "
             "and the next line to type; the CLI prints the same to stderr and exits with 1; the server answers "
             "`{\"code\", \"message\", \"hint\"}` with the status below.\n\n| error | code | status | meaning |\n"
             "| --- | --- | --- | --- |\n"]  # fmt: skip

    def walk(cls: type[errors.E2EError], depth: int) -> None:
        indent = "&nbsp;" * 4 * depth
        meaning = _text(cls).splitlines()[0]
        parts.append(f"| {indent}`{cls.__name__}` | `{cls.code}` | {cls.status} | {meaning} |\n")
        for below in sorted(cls.__subclasses__(), key=lambda one: one.__name__):
            walk(below, depth + 1)

    walk(errors.E2EError, 0)
    return "".join(parts)


def _text(thing: object) -> str:
    text = inspect.getdoc(thing) or ""
    text = re.sub(r":(?:class|meth|func|mod|attr):`~?([^`]*)`", r"`\1`", text)
    return _fenced(text.replace("``", "`").replace("::\n\n    ", ":\n\n    "))


def _fenced(text: str) -> str:
    """Doctests, up to the next empty line, as code."""
    return re.sub(
        r"^>>> .*?(?=\n\n|\Z)", lambda found: f"```python\n{found[0]}\n```", text, flags=re.DOTALL | re.MULTILINE
    )


def rest_page() -> str:
    """Every route with what it takes and answers."""
    parts = [NOTE, "# REST\n\n", "Under `BASE_URL/e2e-lab/api/` of a Jupyter server with the extension, JSON in and "
             "out. Who asks must be logged in, and what changes something needs the XSRF token. Every route but those "
             "of `projects` takes `project=`: a folder under the server's root, in the project. Listings come in "
             "pages: `items`, `total`, `limit`, `offset`. A refusal is `{\"code\", \"message\", \"hint\"}` with a "
             "status of [the error tree](errors.md). The same as [OpenAPI](openapi.json), which the server gives at "
             "`openapi.json`.\n\n| route | takes | answers | what it is |\n| --- | --- | --- | --- |\n"]  # fmt: skip
    for route in ROUTES:
        takes = [f"`{param.name}`" for param in route.params]
        takes += [f"body `{route.body.__name__}`"] if route.body else []
        words = [f"`{route.method} {route.path}`", ", ".join(takes) or "–", f"`{route.answer.__name__}`", route.summary]
        parts.append(f"| {' | '.join(words)} |\n")
    parts.append(
        "| `WS jobs/{id}/stream` | `offset` | `JobChanged`, `JobPrinted` | a job's changes and log as they come |\n"
    )
    parts.append("| `WS services/{service}/stream` | `offset` | `ServicePrinted` | a service's log as it comes |\n")
    parts.append("\n## Jobs\n\n| kind | takes |\n| --- | --- |\n")
    for name, kind in KINDS.items():
        fields = ", ".join(f"`{one}`" for one in kind.args.__dataclass_fields__)
        parts.append(f"| `{name}` | {fields} |\n")
    parts.append(
        "\n## Settings\n\nIn `jupyter_server_config.py`.\n\n| setting | default | meaning |\n| --- | --- | --- |\n"
    )
    for name, trait in E2ELab.class_own_traits(config=True).items():
        parts.append(f"| `c.E2ELab.{name}` | {trait.default_value:g} | {trait.help} |\n")
    return "".join(parts)


def openapi_page() -> str:
    """The OpenAPI document, without the version, which changes with every release."""
    found = document()
    found = {**found, "info": {**found["info"], "version": "0"}}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def types_page() -> str:
    """Every type that may go into the store, from the cases of the test that tries them."""
    sys.path.insert(0, str(ROOT))
    from tests.unit.type_cases import page

    return NOTE.replace("docs/generate.py from the code", "docs/generate.py from tests/unit/type_cases.py") + page()


ROOT = Path(__file__).parent.parent
PAGES = {
    ROOT / "docs" / "types.md": types_page,
    REFERENCE / "verbs.md": verbs_page,
    REFERENCE / "python.md": python_page,
    REFERENCE / "errors.md": errors_page,
    REFERENCE / "rest.md": rest_page,
    REFERENCE / "openapi.json": openapi_page,
    ROOT / "src" / "types.ts": typescript.types_page,
}


def main() -> int:
    """Write the pages, or with ``--check`` name those that are stale."""
    stale = []
    for path, make in PAGES.items():
        text = make()
        if "--check" in sys.argv:
            if not path.exists() or path.read_text("utf-8") != text:
                stale.append(path.name)
        else:
            path.write_text(text, "utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run python docs/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
