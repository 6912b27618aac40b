"""The one family of errors: each says in a sentence what was wrong and what would be right.

An error is raised near its cause and turned into words at the edge: an exit code on the command line, an HTTP status
in the server, a code and a message on the wire.
"""

from __future__ import annotations

from typing import ClassVar


class HostaError(Exception):
    """Base of all errors that are told to a user. `str(error)` is one clear sentence."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    @property
    def sentence(self) -> str:
        """What users and clients are told. More lines, such as a compiler's, are for the log."""
        return (str(self).strip().splitlines() or [self.code])[0].rstrip(" :")


def error_of(code: str, message: str) -> HostaError:
    """The error that was told as a code and a sentence; of an unknown code, a HostaError."""
    waiting: list[type[HostaError]] = [HostaError]
    for kind in waiting:
        if kind.code == code:
            return kind(message)
        waiting += kind.__subclasses__()
    return HostaError(message)


class UsageError(HostaError):
    """The command or the request does not make sense as it was written."""

    code = "usage"
    http_status = 422
    exit_code = 2


class StateError(UsageError):
    """A view state, or a patch to one, is not valid."""

    code = "state"


class SteeringError(HostaError):
    """Somebody else steers the view at present."""

    code = "steering"
    http_status = 409


class SourceError(HostaError):
    """Data is missing, unreadable, of an unknown format or corrupt."""

    code = "source"
    http_status = 422
    exit_code = 3


class GpuError(HostaError):
    """There is no usable OpenGL, or it failed."""

    code = "gpu"
    http_status = 503
    exit_code = 4


class LimitError(HostaError):
    """A configured limit would be passed."""

    code = "limit"
    http_status = 413


class AuthError(HostaError):
    """The token is absent or wrong, or the role does not allow it."""

    code = "auth"
    http_status = 401


class StreamError(HostaError):
    """A video stream could not be set up or went away."""

    code = "stream"
    http_status = 400


class WorkerError(HostaError):
    """The rendering process is not there."""

    code = "worker"
    http_status = 503
