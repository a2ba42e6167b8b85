"""Builds a Bento in a process of its own: ``python -P builder.py PLAN.json``.

BentoML imports the service while it builds, by the name ``service``, and reads its home from the environment once: in
the kernel both could meet a module or a store of the user's. This file imports nothing of e2e-lab, so that any
interpreter with BentoML runs it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: str) -> None:
    """Build what the plan says; the Bento's folder goes to the file that the plan names."""
    plan = json.loads(Path(path).read_text("utf-8"))
    import bentoml

    built = bentoml.build(
        "service",
        name=plan["name"],
        version=plan["version"],
        labels=plan["labels"],
        description=plan["description"],
        include=plan["include"],
        build_ctx=plan["context"],
        python={"packages": plan["packages"], "lock_packages": False, "index_url": None},
    )
    Path(plan["result"]).write_text(str(built.path), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
