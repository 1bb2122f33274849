"""The one exception tree of the program.

ExplorerError                   message: what happened; hint: what to do; exit_code for the command line
├── InputError                  the user's input cannot be used (exit 2)
│   ├── ReferenceInvalid        a reference that cannot be parsed
│   ├── ImageNotFound           the engine, archive or folder holds no such image
│   ├── NotAnImage              the file or folder is not an image
│   ├── DamagedInput            an archive or layer ends early or contradicts itself; has an offset
│   ├── LimitExceeded           a declared or real size is over a safety limit
│   └── BuildFailed             a step of a build failed; has the step and its last lines of output
├── EngineError                 the engine cannot be used (exit 3)
│   ├── EngineUnreachable       no engine answers at the endpoint
│   ├── EngineRefused           the engine answered with an error
│   └── EngineLost              the engine went away or stopped answering half-way
├── RegistryError               a registry cannot be used: not reachable, login refused, too many questions (exit 3)
├── StorageError                our own files cannot be written or read: disk full, no permission (exit 2)
└── WorkerFailed                a child process died: a limit was hit, or it was killed (exit 2)
"""


class ExplorerError(Exception):
    """An error for people: `message` says what happened, `hint` what to do (may be empty)."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; the default reduce would drop the hint.
        return (type(self), (self.message, self.hint))


class InputError(ExplorerError):
    """The user's input cannot be used."""


class ReferenceInvalid(InputError):
    """A reference that cannot be parsed."""


class ImageNotFound(InputError):
    """The engine, archive or folder holds no such image."""


class NotAnImage(InputError):
    """The file or folder is not an image."""


class DamagedInput(InputError):
    """An archive or layer ends early or contradicts itself; `offset` is in bytes, -1 if unknown."""

    def __init__(self, message: str, hint: str = "", offset: int = -1) -> None:
        super().__init__(message, hint)
        self.offset = offset

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message, self.hint, self.offset))


class LimitExceeded(InputError):
    """A declared or real size is over a safety limit."""


class BuildFailed(InputError):
    """A step of a build failed: `step` names it ("" for none), `log` are its last lines, `reason` the engine's words."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        step: str = "",
        log: tuple[str, ...] = (),
        reason: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.step, self.log, self.reason = step, log, reason

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message, self.hint, self.step, self.log, self.reason))


class EngineError(ExplorerError):
    """The engine cannot be used."""

    exit_code = 3


class EngineUnreachable(EngineError):
    """No engine answers at the endpoint."""


class EngineRefused(EngineError):
    """The engine answered with an error; `status` is the HTTP status, 0 if there was none."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message, self.hint, self.status))


class EngineLost(EngineError):
    """The engine went away or stopped answering half-way."""


class RegistryError(ExplorerError):
    """A registry cannot be used: it is not reachable, refuses the login, or limits how often it may be asked."""

    exit_code = 3


class StorageError(ExplorerError):
    """Our own files cannot be written or read: disk full, no permission."""


class WorkerFailed(ExplorerError):
    """A child process died: a limit was hit, or it was killed."""
