"""An interrupt at any instant leaves no lock taken: a notebook keeps the traceback, which would keep it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import filelock
import pytest

from e2e_lab import interrupts
from e2e_lab import project as project_module
from e2e_lab.errors import Locked
from e2e_lab.project import Project, taking_turns

WATCHED = (project_module.__file__, interrupts.__file__, str(Path(filelock.__file__).parent), "contextlib.py")


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As at a terminal, whatever a test puts in its place."""
    was = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, was)


def interrupted_at(instruction: int, act: Callable[[], None]) -> tuple[int, KeyboardInterrupt | None]:
    """Press Ctrl-C before the numbered instruction of ours or the lock's; how many there were, and what came of it."""
    passed = 0

    def watch(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal passed
        if not any(part in frame.f_code.co_filename for part in WATCHED):
            return None
        frame.f_trace_opcodes = True
        handler = signal.getsignal(signal.SIGINT)
        returning = frame.f_code is project_module._Turn.__enter__.__code__ and not getattr(handler, "wait", True)
        if event == "opcode" and not returning:  # Python looks for signals at calls and loops, of which there is none
            passed += 1
            if passed == instruction:
                sys.settrace(None)
                assert callable(handler)
                handler(signal.SIGINT, frame)  # as Python does; a signal raised here would be this function's
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        act()
    except KeyboardInterrupt as interrupt:
        return passed, interrupt
    finally:
        sys.settrace(before)
    return passed, None


@pytest.mark.parametrize("kind", ["the project", "a turn"])
def test_an_interrupt_leaves_no_lock_taken(project: Project, kind: str) -> None:
    path = project.home / ("lock" if kind == "the project" else "turn.lock")
    reached: list[int] = []

    def act() -> None:
        if kind == "the project":
            with project.lock("something short"):
                reached.append(1)
        else:
            with taking_turns(path, doing="something long"):
                reached.append(1)

    instructions, nothing = interrupted_at(sys.maxsize, act)
    assert (nothing, len(reached)) == (None, 1)
    assert instructions > 500
    kept = []
    for instruction in range(1, instructions, 7):
        _, interrupt = interrupted_at(instruction, act)
        kept.append(interrupt)  # as a notebook does
        filelock.FileLock(path).acquire(timeout=0).lock.release()
    assert all(kept[: len(kept) // 2])  # the interrupt is late, never lost


def test_work_under_the_lock_is_done_before_the_interrupt_comes(project: Project) -> None:
    done = []

    def work() -> None:
        with project.lock("something short"):
            signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with project.lock("something else"):
        pass


@pytest.mark.parametrize("usual", [signal.SIG_IGN, signal.SIG_DFL])
def test_who_is_not_interrupted_stays_so(project: Project, usual: signal.Handlers) -> None:
    signal.signal(signal.SIGINT, usual)
    with project.lock("something short"), taking_turns(project.home / "turn.lock", doing="something long"):
        assert signal.getsignal(signal.SIGINT) == usual
    assert signal.getsignal(signal.SIGINT) == usual


def test_who_waits_for_a_busy_project_can_be_interrupted(project: Project) -> None:
    other = filelock.FileLock(project.home / "lock")
    with other:
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt), project.lock("something short"):
            pass
        waited = time.monotonic() - start
    assert waited < project_module.LOCK_SECONDS / 2
    with project.lock("something short"):
        pass


def test_long_work_can_be_interrupted_and_another_takes_its_turn(project: Project) -> None:
    path = project.home / "turn.lock"
    with pytest.raises(KeyboardInterrupt), taking_turns(path, doing="something long"):
        signal.raise_signal(signal.SIGINT)
    with taking_turns(path, doing="something else"):
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_the_work_sets_stays(project: Project) -> None:
    came: list[int] = []
    with taking_turns(project.home / "turn.lock", doing="something long"):
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    signal.raise_signal(signal.SIGINT)
    assert came == [signal.SIGINT]


def test_a_turn_that_another_thread_ends_leaves_interrupts_to_come(project: Project) -> None:
    turn = taking_turns(project.home / "turn.lock", doing="something long")
    turn.__enter__()
    thread = threading.Thread(target=turn.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with taking_turns(project.home / "turn.lock", doing="something else"), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_thread_that_is_no_main_thread_takes_it_too(project: Project) -> None:
    other = Project.at(project.root)
    object.__setattr__(other, "_lock", filelock.FileLock(project.home / "lock", timeout=0.1))
    refused = []

    def work() -> None:
        with project.lock("in a thread"):
            try:
                other.lock("too").__enter__()
            except Locked as problem:
                refused.append(str(problem))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [("in a thread" in said) for said in refused] == [True]
