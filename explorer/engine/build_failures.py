"""Why a build failed and what to do about it, out of the engine's words."""

from __future__ import annotations

import re

from explorer.engine.build_events import Step
from explorer.engine.build_lines import harmless
from explorer.errors import BuildFailed
from explorer.translation import mark, tr

# Order counts: the first that is found in the reason or the step's last lines.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        r"no space left on device|disk quota exceeded",
        mark(
            "The engine's disk is full. docker system df shows what takes the room; free some and build again."
        ),
    ),
    (
        r"no active sessions?",
        mark(
            "This step needs a secret, ssh or a registry login, which only the docker command can pass on: "
            "write the Dockerfile out and build it with docker buildx build."
        ),
    ),
    (
        (
            r"failed to (resolve (source metadata|reference)|do request)|pull access denied|manifest (for|unknown)"
            "|no such host|repository does not exist|toomanyrequests"
        ),
        mark("Pull the base image first (docker pull), or choose one that docker images lists."),
    ),
    (
        r"dockerfile parse error|unknown instruction|unknown flag|unknown type|syntax error|file with no instructions",
        mark("Correct that line of the Dockerfile."),
    ),
    (
        (
            r"failed to (compute cache key|calculate checksum)|(copy|add) failed|file not found in build context"
            "|forbidden path outside the build context"
        ),
        mark("Check that the file is in the build context and not named in .dockerignore."),
    ),
    (
        r"exit code: 137|code: 137|signal: killed|cannot allocate memory",
        mark(
            "The step was killed, most often for lack of memory: give the engine more, or run fewer jobs at once."
        ),
    ),
    (
        r"dial tcp|i/o timeout|could not resolve|temporary failure|connection refused|tls handshake",
        mark(
            "The step needs the network: check it, or put the modules into the build context (go mod vendor)."
        ),
    ),
    (
        r"x509: |certificate signed by unknown",
        mark("The step does not trust a certificate: add your company's to the build stage."),
    ),
)
# What comes before the reason: the command again, which the step's name tells already.
_PREFIXES = re.compile(
    r"""(failed to solve[^:]*: )?(executor failed running \[.*\]: |process ".*" did not complete successfully: )""",
    re.DOTALL,
)
_RETURNED = re.compile(r"The command '.*' returned a non-zero code: (\d+)", re.DOTALL)
_NO_BRIDGE = re.compile(
    r"network bridge not found|could not find bridge|network bridge: .*no such", re.IGNORECASE
)
_NO_BUILDKIT = re.compile(
    r"buildkit.{0,40}(not (supported|enabled|available)|disabled|unsupported)|unsupported.{0,40}buildkit"
    r"|invalid version 2",
    re.IGNORECASE,
)


def build_failed(reason: str, failed: tuple[Step, tuple[str, ...]] | None) -> BuildFailed:
    """The error for people: the step, what the engine said, what to do, the last lines."""
    step, log = failed or (None, ())
    short = _RETURNED.sub(r"exit code: \1", _PREFIXES.sub("", reason, count=1))
    shown = harmless(" ".join(short.replace("\\n", " ").split())) or tr("no reason was given")
    words = "\n".join((reason, *log))
    hint = next(
        (text for pattern, text in _REASONS if re.search(pattern, words, re.IGNORECASE)), ""
    )
    hint = tr(hint) if hint else tr("The step's last lines say why.") if log else ""
    if step is None:
        message = tr("The build failed: {reason}.", reason=shown.rstrip("."))
    else:
        message = tr(
            "The build failed in the step {step}: {reason}.",
            step=step.name,
            reason=shown.rstrip("."),
        )
    return BuildFailed(message, hint, step.name if step else "", log, shown)


def no_bridge(error: BuildFailed) -> bool:
    """Whether the engine runs without its default network, so that no RUN step can have one."""
    return bool(_NO_BRIDGE.search(error.reason))


def lacks_buildkit(error: BuildFailed) -> bool:
    """Whether the engine said that it has no BuildKit."""
    return bool(_NO_BUILDKIT.search(error.reason))
