"""Who made a run: a process, named so that it can be told later whether it still lives."""

from __future__ import annotations

import os
import socket


def me() -> str:
    """``host:pid:creation time`` of this process; the time tells it from a later one with the same number."""
    import psutil

    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def dead(owner: str) -> bool:
    """Whether *owner* was a process of this host that has ended; False where that cannot be known.

    >>> dead(me()), dead("elsewhere:1:0.0"), dead("not an owner")
    (False, False, False)
    """
    import psutil

    parts = owner.rsplit(":", 2)
    if len(parts) != 3 or parts[0] != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(parts[1]))
        ended = process.status() == psutil.STATUS_ZOMBIE
        return ended or abs(process.create_time() - float(parts[2])) > 1.0
    except psutil.NoSuchProcess:
        return True
    except (ValueError, psutil.Error):
        return False
