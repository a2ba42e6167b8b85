"""The Jupyter server of the UI tests: a new root folder with the projects of ``projects.py``, or ``E2E_ROOT`` as it is.

Galata needs it without token and XSRF check, so it is only for these tests and only on loopback.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyterlab.galata import configure_jupyter_server

sys.path.insert(0, str(Path(__file__).parent))
from projects import bare_kernel, make_all, other_kernel, read_only

c: Any = get_config()  # noqa: F821  (Jupyter defines it)
if "E2E_ROOT" in os.environ:
    root = Path(os.environ["E2E_ROOT"])
else:
    root = Path(tempfile.mkdtemp(prefix="e2e-lab-ui-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    make_all(root)
    kernels = root / ".share" / "kernels"
    bare_kernel(kernels / "bare", root / ".bare")
    other_kernel(kernels / "older", root / ".older")
    ours = [str(root / ".share"), os.environ.get("JUPYTER_PATH", "")]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, ours))
    read_only(root / "readonly")
for role in () if "E2E_NOBODY" in os.environ else ("AUTHOR", "COMMITTER"):
    os.environ |= {f"GIT_{role}_NAME": "Ada Lovelace", f"GIT_{role}_EMAIL": "ada@example.org"}
os.environ["JUPYTERLAB_GALATA_ROOT_DIR"] = str(root)
configure_jupyter_server(c)
atexit.register(shutil.rmtree, c.LabApp.workspaces_dir, ignore_errors=True)

c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = int(os.environ.get("E2E_PORT", "8899"))
c.ServerApp.allow_root = True
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.JupyterNotebookApp.expose_app_in_browser = True  # the same for Notebook 7
