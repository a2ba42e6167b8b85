"""What holds for every route, whatever it answers: who may ask, from where, and how it is described."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from e2e_lab import __version__
from e2e_lab.project import Project
from e2e_lab.workspace.server.description import document
from e2e_lab.workspace.server.routes import ROUTES, Route

WORDS = {"name": "flights", "selector": "v1", "id": "20260101T000000000000-abcdef",
         "model": "delay", "alias": "champion", "service": "delay"}  # fmt: skip
QUERY = {"revision": "HEAD", "dataset": "flights", "a": "v1", "b": "v2", "notebook": "flights/flights.ipynb",
         "subject": "flights@v1"}  # fmt: skip
BODIES = {
    "RevisionWish": {"revision": "HEAD"},
    "InitWish": {"path": "flights"}, "RenameWish": {"new": "other"}, "RestoreWish": {"selector": "v1"},
    "AliasWish": {"alias": "champion", "version": 1}, "PredictWish": {"rows": [{}]},
    "MlflowWish": {"run": "f" * 32},
    "CompareWish": {"rows": [{}], "predictions": [1.0]},
    "JobWish": {"kind": "export", "args": {"ref": "flights"}},
}  # fmt: skip


async def asked(ask: Any, route: Route, *, project: str = "flights", **how: Any) -> Any:
    body = BODIES[route.body.__name__] if route.body else b"" if route.method == "POST" else None
    method = route.method if body is None else None
    words = {param.name: QUERY[param.name] for param in route.params if param.needed}
    if route.in_project:
        words["project"] = project
    path = re.sub(r"{(\w+)}", lambda found: WORDS[found[1]], route.path)
    return await ask(path, body=body, method=method, **words, **how)


def state_of(project: Project) -> list[tuple[str, bytes]]:
    """Every file of the project that a person or git would see."""
    kept = [path for path in project.root.rglob("*") if path.is_file() and ".e2e" not in path.parts]
    return [(str(path), path.read_bytes()) for path in sorted(kept) if ".git" not in path.parts]


async def test_without_a_token_nothing_is_answered_or_changed(ask: Any, data: Project) -> None:
    before = state_of(data)
    for route in ROUTES:
        answer = await asked(ask, route, headers={"Authorization": "token wrong"})
        assert (answer.status, answer.body["code"]) == (403, "forbidden"), route
    assert state_of(data) == before


async def test_who_is_not_authorized_is_refused(
    ask: Any, data: Project, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def is_authorized(handler: Any, user: Any, action: str, resource: str) -> bool:
        seen.append((action, resource))
        return False

    monkeypatch.setattr(jp_serverapp.authorizer, "is_authorized", is_authorized)
    before = state_of(data)
    for route in ROUTES:
        answer = await asked(ask, route)
        assert (answer.status, answer.body["code"]) == (403, "forbidden"), route
        assert seen.pop() == ("read" if route.method == "GET" else "write", "e2e_lab"), route
    assert state_of(data) == before


async def test_a_change_without_the_xsrf_token_is_refused(
    ask: Any, data: Project, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A browser is known by its cookie, not by a token in a header, which no other site could send.
    monkeypatch.setattr(jp_serverapp.identity_provider, "is_token_authenticated", lambda handler: False)
    before = state_of(data)
    for route in [route for route in ROUTES if route.method != "GET"]:
        answer = await asked(ask, route)
        assert (answer.status, answer.body["code"]) == (403, "forbidden"), route
        assert "_xsrf" in answer.body["message"], route
    assert state_of(data) == before


OUTSIDE = ("../elsewhere", "/etc", "link", "flights/../..", "a\x00b", "..\\..", "%2e%2e", "．．", "x" * 5000)


async def test_no_project_lies_outside_of_the_root(ask: Any, data: Project, jp_root_dir: Any, tmp_path: Any) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "e2e.toml").touch()
    (jp_root_dir / "link").symlink_to(elsewhere)
    for route, path in [(route, path) for route in ROUTES if route.in_project for path in OUTSIDE]:
        answer = await asked(ask, route, project=path)
        assert answer.status in (400, 404), (route, path)
        assert answer.body["code"] in ("usage", "not_found"), (route, path)
        assert answer.body["hint"], (route, path)
    assert [path.name for path in elsewhere.iterdir()] == ["e2e.toml"]


async def test_a_get_changes_nothing_and_answers_what_the_description_says(
    ask: Any, data: Project, backend: Any
) -> None:
    before, revision = state_of(data), data.revision
    for route in [route for route in ROUTES if route.method == "GET"]:
        answer = await asked(ask, route)
        if "{id}" in route.path or "{service}" in route.path or route.path.startswith("kernels"):
            assert answer.status == 404, route
            continue
        assert answer.status == 200, route
        said = document()["paths"][f"/{route.path}"]["get"]["responses"]["200"]["content"]["application/json"]
        _check(answer.body, said["schema"], document()["components"]["schemas"], route.path)
    assert state_of(data) == before
    assert data.revision == revision


async def test_another_method_is_not_allowed(ask: Any, data: Project) -> None:
    for path in {route.path for route in ROUTES}:
        address = re.sub(r"{(\w+)}", lambda found: WORDS[found[1]], path)
        taken = {route.method for route in ROUTES if route.path == path}
        for method in sorted({"GET", "POST", "DELETE", "PUT", "PATCH"} - taken):
            answer = await ask(address, method=method, body=None, project="flights")
            assert answer.status == 405, (method, path)


async def test_the_server_describes_itself(ask: Any, data: Project) -> None:
    answer = await ask("openapi.json")
    assert answer.status == 200
    assert answer.body == json.loads(json.dumps(document()))
    assert answer.body["info"]["version"] == __version__
    described = {(method.upper(), path) for path, found in answer.body["paths"].items() for method in found}
    assert described == {(route.method, f"/{route.path}") for route in ROUTES}
    refused = await ask("openapi.json", headers={"Authorization": "token wrong"})
    assert refused.status == 403


def test_every_reference_of_the_description_leads_somewhere() -> None:
    text = json.dumps(document())
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named <= set(document()["components"]["schemas"])
    assert all(document()["components"]["schemas"].values())


def _check(value: Any, schema: dict[str, Any], parts: dict[str, Any], where: str) -> None:
    """As much of JSON Schema as our description uses."""
    if "$ref" in schema:
        return _check(value, parts[schema["$ref"].rpartition("/")[2]], parts, where)
    if "anyOf" in schema:
        fitting = [one for one in schema["anyOf"] if (one.get("type") == "null") == (value is None)]
        return _check(value, fitting[0], parts, where)
    if "enum" in schema:
        assert value in schema["enum"], where
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    python = {"string": str, "integer": int, "boolean": bool, "null": type(None), "array": list, "object": dict}
    assert not kinds or any(isinstance(value, python.get(kind, (int, float))) for kind in kinds), f"{where}: {value!r}"
    if isinstance(value, list):
        for one in value:
            _check(one, schema["items"], parts, where)
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), where
        for name, one in value.items():
            _check(one, schema["properties"][name], parts, f"{where}.{name}")
    return None
