"""The error tree. Everything e2e-lab refuses is refused with one of these.

    E2EError                                  code             status
    ├── UsageError                            usage               400
    │   └── InvalidName                       invalid_name        400
    ├── NotFound                              not_found           404
    │   ├── NoProject                         no_project          404
    │   ├── DatasetNotFound                   dataset_not_found   404
    │   ├── VersionNotFound                   version_not_found   404
    │   ├── VariableNotFound                  variable_not_found  404
    │   ├── RunNotFound                       run_not_found       404
    │   ├── ModelNotFound                     model_not_found     404
    │   ├── ServiceNotFound                   service_not_found   404
    │   ├── PredictionNotFound                prediction_not_found 404
    │   └── JobNotFound                       job_not_found       404
    ├── Ambiguous                             ambiguous           409
    ├── ProjectError                          project             409
    │   ├── NewerFormat                       newer_format        409
    │   ├── NotOurs                           not_ours            409
    │   └── Damaged                           damaged             500
    ├── Locked                                locked              423
    ├── StorageRefused                        storage             507
    │   ├── ReadOnly                          read_only           403
    │   └── DiskFull                          disk_full           507
    ├── UnsupportedData                       unsupported_data    422
    ├── GitError                              git                 409
    │   ├── NoIdentity                        no_identity         409
    │   └── SecretFound                       secret_found        409
    ├── NoActiveRun                           no_active_run       409
    ├── TrackingError                         tracking            502
    ├── ModelError                            model               422
    │   ├── NotTrusted                        not_trusted         403
    │   └── ReplayFailed                      replay_failed       422
    ├── ServiceError                          service             502
    │   └── RequestRejected                   request_rejected    400
    ├── UnfitPython                           unfit_python        409
    │   ├── NoLibrary                         no_library          409
    │   └── VersionMismatch                   version_mismatch    409
    ├── NotInstalled                          not_installed       409
    └── WorkerLost                            worker              503

Each class carries a stable ``code``, the HTTP ``status`` the server answers with, and each instance a
``hint``: the next line to type. A message says what happened in the user's words; the hint is separate, so
that every adapter can show it its own way (a second line, a button, a JSON field).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "Ambiguous",
    "Damaged",
    "DatasetNotFound",
    "DiskFull",
    "E2EError",
    "GitError",
    "InvalidName",
    "JobNotFound",
    "Locked",
    "ModelError",
    "ModelNotFound",
    "NewerFormat",
    "NoActiveRun",
    "NoIdentity",
    "NoLibrary",
    "NoProject",
    "NotFound",
    "NotInstalled",
    "NotOurs",
    "NotTrusted",
    "PredictionNotFound",
    "ProjectError",
    "ReadOnly",
    "ReplayFailed",
    "RequestRejected",
    "RunNotFound",
    "SecretFound",
    "ServiceError",
    "ServiceNotFound",
    "StorageRefused",
    "TrackingError",
    "UnfitPython",
    "UnsupportedData",
    "UsageError",
    "VariableNotFound",
    "VersionMismatch",
    "VersionNotFound",
    "WorkerLost",
    "closest",
]


class E2EError(Exception):
    """Anything e2e-lab refuses or cannot do.

    >>> error = E2EError("There is no dataset 'flihgts'.", hint="e2e load flights")
    >>> error.code, error.status, error.hint
    ('error', 500, 'e2e load flights')
    >>> print(error)
    There is no dataset 'flihgts'.
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_json(self) -> dict[str, str]:
        """The body a server answers with: ``code``, ``message`` and ``hint``."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback: what happened, and the next line to type."""
        hint = f"%{self.hint}" if self.hint.startswith("e2e ") else self.hint
        return [self.message, *([f"  → {hint}"] if hint else [])]


class UsageError(E2EError):
    """The words or values given do not fit the verb."""

    code = "usage"
    status = 400


class InvalidName(UsageError):
    """A name that no dataset, model or service may have."""

    code = "invalid_name"


class NotFound(E2EError):
    """Something that was named does not exist."""

    code = "not_found"
    status = 404


class NoProject(NotFound):
    """There is no ``e2e.toml`` here or in any folder above."""

    code = "no_project"


class DatasetNotFound(NotFound):
    """No dataset of this name is in the project."""

    code = "dataset_not_found"


class VersionNotFound(NotFound):
    """The dataset exists, the version that was asked for does not (or not on this machine)."""

    code = "version_not_found"


class VariableNotFound(NotFound):
    """The kernel has no variable of this name."""

    code = "variable_not_found"


class RunNotFound(NotFound):
    """No run of this name or id."""

    code = "run_not_found"


class ModelNotFound(NotFound):
    """No model, model version or alias of this name."""

    code = "model_not_found"


class ServiceNotFound(NotFound):
    """No package or running service of this name."""

    code = "service_not_found"


class PredictionNotFound(NotFound):
    """No service of this project has logged a prediction with this id."""

    code = "prediction_not_found"


class JobNotFound(NotFound):
    """The project has no job with this id, or not any more."""

    code = "job_not_found"


class Ambiguous(E2EError):
    """A reference fits several things; the message lists them."""

    code = "ambiguous"
    status = 409


class ProjectError(E2EError):
    """The project folder cannot be used as it is."""

    code = "project"
    status = 409


class NewerFormat(ProjectError):
    """Written by a later e2e-lab, in a format this one does not know."""

    code = "newer_format"


class NotOurs(ProjectError):
    """A file stands where a record would go, and e2e-lab did not write it."""

    code = "not_ours"


class Damaged(ProjectError):
    """Stored bytes are not what their recorded hash says."""

    code = "damaged"
    status = 500


class Locked(E2EError):
    """Another process held the project's lock for too long."""

    code = "locked"
    status = 423


class StorageRefused(E2EError):
    """The file system refused a write; what was there before is untouched."""

    code = "storage"
    status = 507


class ReadOnly(StorageRefused):
    """The project, or part of it, may not be written to."""

    code = "read_only"
    status = 403


class DiskFull(StorageRefused):
    """No room (or no quota) left for a write."""

    code = "disk_full"


class UnsupportedData(E2EError):
    """A table that could not be given back exactly as it came; the message names the column."""

    code = "unsupported_data"
    status = 422


class GitError(E2EError):
    """git refused; the message says what it said."""

    code = "git"
    status = 409


class NoIdentity(GitError):
    """git does not know who is committing."""

    code = "no_identity"


class SecretFound(GitError):
    """Something to be committed looks like a password or key."""

    code = "secret_found"


class NoActiveRun(E2EError):
    """A metric, parameter, artifact or model was logged outside a run."""

    code = "no_active_run"
    status = 409


class TrackingError(E2EError):
    """The MLflow store or server refused or could not be reached."""

    code = "tracking"
    status = 502


class ModelError(E2EError):
    """The model cannot be kept, loaded, registered or packaged as it is."""

    code = "model"
    status = 422


class NotTrusted(ModelError):
    """A model from elsewhere, or one whose files are not those that were recorded."""

    code = "not_trusted"
    status = 403


class ReplayFailed(ModelError):
    """The built service does not answer as the model does; the package was not accepted."""

    code = "replay_failed"


class ServiceError(E2EError):
    """A service could not be started, reached or stopped."""

    code = "service"
    status = 502


class RequestRejected(ServiceError):
    """A service refused rows; the message names column, row and value."""

    code = "request_rejected"
    status = 400

    def __init__(self, message: str, *, hint: str = "", errors: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__(message, hint=hint)
        self.errors = tuple(errors)
        """Each fault with its row, column and kind, where the service said so."""

    def to_json(self) -> dict[str, Any]:
        """The body of a refusal, with the faults of each column."""
        return super().to_json() | {"errors": list(self.errors)}


class UnfitPython(E2EError):
    """The interpreter of a kernel cannot do the project's work."""

    code = "unfit_python"
    status = 409


class NoLibrary(UnfitPython):
    """The interpreter of a kernel has no e2e-lab."""

    code = "no_library"


class VersionMismatch(UnfitPython):
    """The interpreter of a kernel has another e2e-lab than the server."""

    code = "version_mismatch"


class NotInstalled(E2EError):
    """A package that is needed for this alone is not installed."""

    code = "not_installed"
    status = 409


class WorkerLost(E2EError):
    """The process that reads tables for the server has died, or took too long."""

    code = "worker"
    status = 503


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that *word* was probably meant to be, or None.

    >>> closest("flihgts", ["weather", "flights"])
    'flights'
    >>> closest("zzz", ["weather"]) is None
    True
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
