"""The door of a service: token, page, error bodies and the prediction log, as one ASGI middleware.

A part of every Bento that e2e-lab builds; BentoML runs it around the service. Environment variables set it:

    E2E_SERVICE_TOKEN    what a request must carry as ``Authorization: Bearer …``; without it the service is open
    E2E_SERVICE_HOSTS    the only names by which the service may be addressed, by commas (against DNS rebinding)
    E2E_PREDICTION_LOG   a folder: one JSON line for each answered request, a file a day and process
    E2E_LOG_INPUTS       ``true``: the rows of the request are logged too
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
T = TypeVar("T")

OPEN_PATHS = ("/livez", "/readyz", "/healthz")
MOST_ROWS = 10_000
HERE = Path(__file__).parent
# Nothing leaves this machine: BentoML's usage reports are off, also where its command line has already looked.
os.environ["BENTOML_DO_NOT_TRACK"] = "true"
if _reports := sys.modules.get("bentoml._internal.utils.analytics.usage_stats"):
    _reports.do_not_track.cache_clear()

REFUSALS = (ValueError, TypeError, KeyError, IndexError, ArithmeticError)
log = logging.getLogger("bentoml.serve")


class Asked:
    """One request on its way: its id, its body as it came, and what became of it."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.at = time.time_ns() // 1_000_000
        self.id = ulid(self.at)
        self.body: list[bytes] = []
        self.rows: int | None = None
        self.problem: Exception | None = None


ASKED: ContextVar[Asked] = ContextVar("asked")


def ulid(milliseconds: int) -> str:
    """An id that sorts by time: 48 bits of milliseconds and 80 random ones in Crockford's base 32 (ulid/spec)."""
    number = milliseconds << 80 | int.from_bytes(secrets.token_bytes(10))
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> shift & 31] for shift in range(125, -1, -5))


def ask(predict: Callable[[Any], T], frame: Any) -> tuple[str, T]:
    """The request's id and what *predict* answers to *frame*; what it raises is told to the caller, without a trace."""
    asked = ASKED.get(None) or Asked()
    try:
        with _one_thread():
            answers = predict(frame)
    except Exception as problem:
        asked.problem = problem
        raise
    asked.rows = len(frame)
    return asked.id, answers


def _one_thread() -> AbstractContextManager[Any]:
    # Forests add up their trees in the order in which threads finish, which changes the last digit from call to call.
    joblib = sys.modules.get("joblib")
    return joblib.parallel_config(backend="sequential") if joblib else nullcontext()


class Gate:
    """Lets in who has the token, answers in one form, and notes what was answered."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.token = os.environ.get("E2E_SERVICE_TOKEN", "").encode()
        self.hosts = {name for name in os.environ.get("E2E_SERVICE_HOSTS", "").split(",") if name}
        folder = os.environ.get("E2E_PREDICTION_LOG")
        self.log = PredictionLog(Path(folder)) if folder else None
        self.log_inputs = os.environ.get("E2E_LOG_INPUTS", "").lower() == "true"
        self.model = _model()
        self.page = _page(self.model, is_open=not self.token)
        for name in ("bentoml.serve", "bentoml._internal.server.http_app"):
            logging.getLogger(name).addFilter(_without_values)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refused = self._refusal(scope, headers)
        if refused:
            await _say(send, *refused)
        elif scope["path"] == "/" and scope["method"] == "GET":
            await _page_out(send, self.page)
        elif scope["path"] in OPEN_PATHS:
            await self.app(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    def _refusal(self, scope: Message, headers: dict[bytes, bytes]) -> tuple[int, dict[str, Any]] | None:
        host = headers.get(b"host", b"").decode("latin-1")
        name = host[: host.rfind(":")] if host.rfind(":") > host.rfind("]") else host
        if self.hosts and name.lower() not in self.hosts:
            return 403, _error("forbidden", f"This service is not addressed as {name!r}.", f"use {min(self.hosts)}")
        if scope["path"] in OPEN_PATHS or scope["path"] == "/":
            return None
        if self.token:
            kind, _, given = headers.get(b"authorization", b"").partition(b" ")
            if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self.token):
                message = "The token is wrong." if given else "This service wants a token."
                return 401, _error("unauthorized", message, "send the header Authorization: Bearer TOKEN")
        media = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
        if scope["method"] == "POST" and media != b"application/json":
            said = f"The body is {media.decode('latin-1')}."
            return 415, _error("usage", said, "send Content-Type: application/json")
        return None

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        asked = Asked()
        ASKED.set(asked)
        start: Message = {}
        held: list[bytes] = []

        async def listen() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                asked.body.append(message.get("body", b""))
            return message

        async def speak(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            held.append(message.get("body", b""))
            if message.get("more_body"):
                return
            status, body = start["status"], b"".join(held)
            if status >= 400:
                await _say(send, *self._error_body(asked, status, body))
                return
            if asked.rows is not None and self.log:
                self._note(asked, body)
            await send(start)
            await send({"type": "http.response.body", "body": body})

        try:
            await self.app(scope, listen, speak)
        except Exception:
            if start:
                raise
            # Left to BentoML, the caller would wait for its whole timeout.
            log.exception("request %s failed", asked.id)
            await _say(send, *self._error_body(asked, 500, b""))

    def _error_body(self, asked: Asked, status: int, body: bytes) -> tuple[int, dict[str, Any]]:
        if status == 400:
            return 400, rejection(body, b"".join(asked.body), [c["name"] for c in self.model["schema"]["columns"]])
        if status in (404, 405):
            return status, _error("not_found", "There is nothing at this address.", "POST /predict, GET /docs.json")
        if isinstance(asked.problem, REFUSALS):
            said = f"The model refused these rows: {type(asked.problem).__name__}: {asked.problem}"
            return 422, _error("model", said[:500], f"see the service's log for {asked.id}") | {"id": asked.id}
        log.error("request %s was not answered", asked.id)
        said = "The service could not answer this request."
        return status, _error("service", said, f"see the service's log for {asked.id}") | {"id": asked.id}

    def _note(self, asked: Asked, body: bytes) -> None:
        model = self.model
        line: dict[str, Any] = {
            "id": asked.id,
            "time": datetime.fromtimestamp(asked.at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "service": model["service"],
            "version": model["service_version"],
            "model": model["model"],
            "model_version": model["model_version"],
            "run": model["run"],
            "data": [used["id"] for used in model["data"]],
            "rows": asked.rows,
            "seconds": round(time.perf_counter() - asked.began, 6),
        }
        if self.log_inputs:
            line["inputs"] = json.loads(b"".join(asked.body))["rows"]
        # The answer goes into the log as it goes out, without being read again.
        answers = body[body.index(b'"predictions":') :]
        if self.log:
            self.log.write(asked.at, json.dumps(line, ensure_ascii=False).encode()[:-1] + b", " + answers + b"\n")


class PredictionLog:
    """Appends lines to ``FOLDER/YYYY-MM-DD.PID.jsonl``. Each is handed to the system before the answer leaves (some
    ten microseconds), so that a killed service has logged every id that anyone was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.day = -1
        self.file = -1

    def write(self, milliseconds: int, line: bytes) -> None:
        """Add *line* to the file of its day (UTC); a log that cannot be written never costs an answer."""
        try:
            if milliseconds // 86_400_000 != self.day:
                self._open(milliseconds)
            if os.write(self.file, line) != len(line):
                raise OSError("the line was cut short")
        except OSError as problem:
            self.day = -1
            log.error("a prediction was answered but not logged: %s", problem)

    def _open(self, milliseconds: int) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
        self.folder.mkdir(parents=True, exist_ok=True)
        day = datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
        path = self.folder / f"{day}.{os.getpid()}.jsonl"
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.day = milliseconds // 86_400_000


# ---- what a caller did wrong ---------------------------------------------------------------------------------


def rejection(said: bytes, body: bytes, columns: list[str]) -> dict[str, Any]:
    """The body of a 400: each fault with its row, column and value. *said* is BentoML's list of pydantic's errors."""
    try:
        sent = json.loads(body)
    except RecursionError:
        return _error("request_rejected", "The body is nested too deeply.", 'send {"rows": [{…}]}')
    except ValueError as problem:
        return _error("request_rejected", f"The body is not JSON: {problem}.", 'send {"rows": [{…}]}')
    answer = json.loads(said)
    found = answer.get("detail", []) if isinstance(answer, dict) else []
    errors = [_fault(error, sent, columns) for error in found[:20]]
    if not errors:
        return _error("request_rejected", "The request could not be read.", 'send {"rows": [{…}]}')
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    shown = ", ".join(columns[:30]) + (" …" if len(columns) > 30 else "")
    shape = any(e["row"] is not None and e["type"] in ("missing", "extra_forbidden") for e in errors)
    hint = f"the columns are {shown}" if shape else "GET /docs.json describes a row"
    return _error("request_rejected", errors[0]["message"] + more, hint) | {"errors": errors}


def _fault(error: dict[str, Any], sent: Any, columns: list[str]) -> dict[str, Any]:
    where = error["loc"]
    row = where[1] if len(where) > 1 else None
    column = where[2] if len(where) > 2 else None
    kind, message = error["type"], error["msg"]
    if kind == "missing":
        what = "is missing"
    elif kind == "extra_forbidden":
        near = next((name for name in columns if name.lower() == str(where[-1]).lower()), None)
        what = "is not a column of this model" if column else "does not belong here"
        what += f"; did you mean {near!r}?" if near else ""
    elif kind in ("too_short", "too_long"):
        what = "there is no row" if kind == "too_short" else f"there are more than {MOST_ROWS:,} rows"
    else:
        what = message.removeprefix("Value error, ").replace("Input should be", "should be")
        value = _value_at(sent, where)
        what += "" if isinstance(value, dict | list) else f", got {_short(value)}"
    at = ", ".join(
        [*([f"row {row}"] if row is not None else []), *([f"column {column!r}"] if column is not None else [])]
    )
    return {"row": row, "column": column, "type": kind, "message": f"{at or where[0] if where else 'body'}: {what}"}


def _value_at(sent: Any, where: list[Any]) -> Any:
    for step in where:
        try:
            sent = sent[step]
        except (KeyError, IndexError, TypeError):
            return sent
    return sent


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _error(code: str, message: str, hint: str) -> dict[str, Any]:
    return {"code": code, "message": message, "hint": hint}


def _without_values(record: logging.LogRecord) -> bool:
    """A refused request is its sender's business: the log gets neither its values nor a trace."""
    problem = record.exc_info[1] if record.exc_info else None
    if isinstance(problem, ValidationError):
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
        record.msg, record.args = f"a request was rejected, {problem.error_count()} errors", ()
    return True


# ---- going out -----------------------------------------------------------------------------------------------


async def _say(send: Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _page_out(send: Send, page: bytes) -> None:
    # The page loads nothing from anywhere: what it needs is in it.
    rules = b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        (b"content-security-policy", rules + b"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page})


def _model() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "e2e_model.json").read_text("utf-8"))
    return found


def _page(model: dict[str, Any], *, is_open: bool) -> bytes:
    text = (HERE / "e2e_page.html").read_text("utf-8")
    door = "Anyone who reaches this address can ask it: no E2E_SERVICE_TOKEN is set." if is_open else ""
    title = f"{model['service']}@v{model['service_version']}"
    return text.replace("{{title}}", title).replace("{{door}}", door).encode()
