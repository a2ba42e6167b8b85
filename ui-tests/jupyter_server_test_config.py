"""The Jupyter server of the UI tests: a new root folder with the projects of ``projects.py``.

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
from projects import bare_kernel, make_all

c: Any = get_config()  # noqa: F821  (Jupyter defines it)
root = Path(tempfile.mkdtemp(prefix="e2e-lab-ui-"))
atexit.register(shutil.rmtree, root, ignore_errors=True)
make_all(root)
bare_kernel(root / ".share" / "kernels" / "bare")
os.environ["JUPYTER_PATH"] = str(root / ".share")
os.environ["JUPYTERLAB_GALATA_ROOT_DIR"] = str(root)
configure_jupyter_server(c)
atexit.register(shutil.rmtree, c.LabApp.workspaces_dir, ignore_errors=True)

c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = int(os.environ.get("E2E_PORT", "8899"))
c.ServerApp.allow_root = True
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
