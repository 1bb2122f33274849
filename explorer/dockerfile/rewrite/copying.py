"""COPY lines of the runtime stage: written, placed, counted."""

from __future__ import annotations

import json
import posixpath
import re

from explorer.dockerfile.model import Instruction, Stage
from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.draft import Draft

# Where the build stage lays out folders for the runtime stage; nobody else uses the name.
STAGED_ROOT = "/runtime-root"
TEMPORARY = f"{STAGED_ROOT}/tmp"  # noqa: S108  # a folder of the image, not of this machine
_PLAIN = re.compile(r"[\w./:@%+,=-]+")


def copy_line(stage: str, path: str, target: str = "", owner: str = "") -> str:
    """COPY --from of one path; names that Docker would read as patterns or variables are escaped."""
    chown = f" --chown={owner}" if owner else ""
    source, goal = _escaped(path, pattern=True), _escaped(target or path, pattern=False)
    if _PLAIN.fullmatch(source) and _PLAIN.fullmatch(goal):
        return f"COPY --from={stage}{chown} {source} {goal}"
    return f"COPY --from={stage}{chown} {json.dumps([source, goal], ensure_ascii=False)}"


def can_be_named(path: str) -> bool:
    """Whether a Dockerfile can name the path: UTF-8, no control characters."""
    return path.isprintable() and not any("\ud800" <= c <= "\udfff" for c in path)


def add_copies(draft: Draft, lines: list[str], layer: PredictedLayer | None, rule: str) -> Draft:
    """The draft with COPY lines in its last stage, before the program's, and a layer for them."""
    newline = draft.document.newline
    text = "".join(line + newline for line in lines)
    draft = draft.splice(*_place(draft), text, rule)
    return draft.with_layer(layer) if layer is not None else draft


def _place(draft: Draft) -> tuple[int, int]:
    """Before the line that copies the program (marked by the rule that split the stages)."""
    at = next(
        (n for n in range(len(draft.lines) - 1, -1, -1) if draft.lines[n].rule == PROGRAM_LINE),
        len(draft.lines),
    )
    return at, at


PROGRAM_LINE = "split-stages:program"


def staged_line(commands: tuple[str, ...], escape: str) -> str:
    """The RUN that makes folders below STAGED_ROOT; `escape` is what continues a line."""
    return "RUN " + f" {escape}\n && ".join(commands)


def needs_root(case: Case, stage: Stage) -> bool:
    """Whether a build stage ends as another user, who may not lay out files for the runtime stage."""
    last = stage.last("USER")
    inherited = case.evidence.config.user if case.mode == "image" else ""
    user = last.rest if last is not None else inherited
    return user.partition(":")[0] not in ("", "0", "root")


def folder_command(path: str, uid: int, gid: int, mode: int) -> str:
    """The command that makes a folder with its owner and mode; busybox and coreutils both know it."""
    return f"install -d -o {uid} -g {gid} -m {mode:o} {_quoted(STAGED_ROOT + path)}"


def link_command(path: str, target: str) -> str:
    """The command that makes a symbolic link."""
    parent = posixpath.dirname(STAGED_ROOT + path)
    return f"mkdir -p {_quoted(parent)} && ln -s {_quoted(target)} {_quoted(STAGED_ROOT + path)}"


def own_instruction(draft: Draft, rule: str) -> Instruction | None:
    """The instruction that a rule wrote, if it wrote one."""
    for instruction in draft.document.instructions:
        if draft.lines[instruction.start - 1].rule == rule:
            return instruction
    return None


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", "'\\''") + "'"


def _escaped(path: str, *, pattern: bool) -> str:
    path = path.replace("\\", "\\\\").replace("$", "\\$")
    return re.sub(r"([*?\[])", r"[\1]", path) if pattern else path
