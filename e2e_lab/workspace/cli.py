"""``e2e VERB …`` at a shell: the same words as the magic, text or JSON out, errors in two lines on stderr."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from e2e_lab.errors import E2EError
from e2e_lab.records import Run, Verified, layout
from e2e_lab.workspace import grammar, verbs


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code: 0, or 1 with what happened and the next line to type on stderr.

    A notebook that ran and failed is an answer, and 1; so is damage that was found.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    json = "--json" in words
    try:
        if words in (["-h"], ["--help"], ["help"]):
            return _say(grammar.help_text())
        if words in (["-V"], ["--version"]):
            from e2e_lab import __version__

            return _say(f"e2e-lab {__version__}")
        call = grammar.parse(words)
        if call.help:
            return _say(grammar.help_text(call.verb))
        answer = verbs.do(call)
        _say(verbs.as_json(answer) if call.json else _text(answer))
        if call.verb.name == "serve" and not call.values["detach"]:
            _stay(answer)
        return 1 if _is_bad_news(answer) else 0
    except E2EError as error:
        if json:
            _say(verbs.as_json(error))
        else:
            _say(error.message, *([f"  → {error.hint}"] if error.hint else []), to=sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("interrupted; nothing is half done", to=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` say, had enough
        sys.stderr.close()
        return 0


def _is_bad_news(answer: Any) -> bool:
    return (isinstance(answer, Run) and answer.status == "failed") or (
        isinstance(answer, Verified) and not answer.intact
    )


def _say(*lines: str, to: Any = None) -> int:
    print(*lines, sep="\n", file=to or sys.stdout, flush=True)
    return 0


def _text(answer: Any) -> str:
    """An answer as text, in the width of the terminal; whole where a file or a pipe reads it."""
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else layout.ENDLESS
    view = answer.view() if hasattr(type(answer), "view") else None
    if view is not None:
        return str(view.text(wide))
    to_string = getattr(answer, "to_string", None)
    if to_string is None:
        return str(answer)
    return str(to_string(index=False, max_colwidth=40, line_width=wide))


def _stay(endpoint: Any) -> None:
    """Keep an attached service until Ctrl-C or SIGTERM, then end it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while endpoint.alive:
            time.sleep(0.5)
        _say(f"the service ended; see {endpoint.service.log}", to=sys.stderr)
    except KeyboardInterrupt:
        _say(str(endpoint.stop()))


if __name__ == "__main__":
    raise SystemExit(main())
