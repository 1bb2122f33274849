"""What one history line of the classic builder or of BuildKit says, and what it does not keep.

Forms: moby daemon/builder/dockerfile/dispatchers.go and BuildKit frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

EXACT, INFERRED, UNKNOWN = "exact", "inferred", "unknown"
_NOP = re.compile(r"^(?:\S.*? )?#\(nop\) +", re.DOTALL)
_ARGUMENTS = re.compile(r"^\|(\d+) ")
_SHELL = re.compile(r"^(/bin/(?:ba|a|da|z)?sh(?: -o \w+| -[a-z]+)* -[a-z]*c) ", re.DOTALL)
_CLASSIC_COPY = re.compile(
    r"^(?:--chown=(\S+?))?(file|dir|multi):[0-9a-f]{20,} in (.*)$", re.DOTALL
)
_KEYWORD = re.compile(
    r"^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|"
    r"WORKDIR)(?: |$)"
)
_HEALTH = re.compile(r"^&\{\[(?P<test>.*)\] \"(?P<interval>[^\"]*)\" \"(?P<timeout>[^\"]*)\" \"(?P<start>[^\"]*)\"(?: \"(?P<start_interval>[^\"]*)\")? '(?P<retries>[^']*)'\}$", re.DOTALL)  # fmt: skip
_GO_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Recorded:
    """An instruction as history keeps it: `keyword`, its arguments in Dockerfile syntax, how sure that is, and why."""

    keyword: str
    arguments: str
    confidence: str = EXACT
    note: str = ""  # "sources", "arguments", "mounts", "form", "words": what history does not keep
    shell: str = ""  # the shell of a RUN in shell form


def recorded(created_by: str, arguments: Iterable[str] = (), shell: str = "") -> Recorded | None:
    """The instruction behind a line, None for an empty one; `arguments` are the names of the ARGs in force."""
    text = created_by.strip()
    buildkit = text.endswith("# buildkit")
    text = text.removesuffix("# buildkit").strip()
    if not text:
        return None
    marked = _NOP.match(text)
    if marked:
        return _metadata(text[marked.end() :].strip(), buildkit=False)
    if buildkit or _KEYWORD.match(text):
        match = _KEYWORD.match(text)
        if match is None:
            return Recorded("RUN", text, UNKNOWN, "form")
        if match[1] == "RUN":
            return _run(text[match.end() :], tuple(arguments), shell)
        return _metadata(text, buildkit=True)
    return _run(text, tuple(arguments), shell)


def _run(text: str, arguments: tuple[str, ...], shell: str) -> Recorded:
    text, note = _without_arguments(text, arguments)
    match = _SHELL.match(text)
    known = shell and text.startswith(shell + " ")
    if known or match:
        used = shell if known else (match[1] if match else "")
        body = text[len(used) + 1 :].strip()
        if "\n" in body and "\\\n" not in body:
            return Recorded("RUN", f"<<EOF\n{body}\nEOF", INFERRED, "form", used)
        confidence = INFERRED if note else EXACT
        return Recorded("RUN", body, confidence, note or "mounts", used)
    # Neither a shell nor its mark: the JSON form, whose quoting is lost.
    return Recorded("RUN", json.dumps(text.split(), ensure_ascii=False), INFERRED, "form")


def _without_arguments(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Takes `|2 A=x B=y ` away; values may hold blanks, so the last place where a shell begins counts."""
    match = _ARGUMENTS.match(text)
    if match is None:
        return text, ""
    rest = text[match.end() :]
    count = int(match[1])
    plain = rest.split(" ", count)
    starts = [m.start() + 1 for m in re.finditer(r" /bin/(?:ba|a|da|z)?sh ", " " + rest)]
    simple = len(plain) > count and all(
        "=" in word and (not names or word.partition("=")[0] in names) for word in plain[:count]
    )
    if simple and len(starts) <= 1:
        return plain[count], ""
    if starts:
        return rest[starts[-1] - 1 :], "arguments"
    return (plain[count] if len(plain) > count else rest), "arguments"


def _metadata(text: str, *, buildkit: bool) -> Recorded:
    match = _KEYWORD.match(text)
    if match is None:
        return Recorded("", text, UNKNOWN, "form")
    keyword, rest = match[1], text[match.end() :].strip()
    if keyword in ("COPY", "ADD"):
        return _copy(keyword, rest, buildkit=buildkit)
    if keyword in ("CMD", "ENTRYPOINT"):
        words = go_strings(rest)
        return Recorded(keyword, json.dumps(list(words), ensure_ascii=False) if words else rest)
    if keyword == "EXPOSE":
        ports = re.findall(r"(\d+(?:-\d+)?(?:/\w+)?)(?=:\{\}|[\s\]]|$)", rest)
        return Recorded(keyword, " ".join(p.removesuffix("/tcp") for p in ports) or rest)
    if keyword in ("VOLUME", "SHELL") and rest.startswith("["):
        words = go_strings(rest) or tuple(rest.strip("[]").split())
        return Recorded(
            keyword,
            json.dumps(list(words), ensure_ascii=False),
            INFERRED if keyword == "SHELL" else EXACT,
        )
    if keyword == "HEALTHCHECK":
        return _health(rest)
    return Recorded(keyword, rest)


def _copy(keyword: str, rest: str, *, buildkit: bool) -> Recorded:
    match = _CLASSIC_COPY.match(rest)
    if match is not None:
        owner = f"--chown={match[1]} " if match[1] else ""
        target = match[3].strip()
        source = "." if match[2] == "dir" else "<files>"
        return Recorded(keyword, f"{owner}{source} {target}", UNKNOWN, "sources")
    return Recorded(keyword, rest, INFERRED if buildkit else UNKNOWN, "words")


def _health(rest: str) -> Recorded:
    match = _HEALTH.match(rest)
    if match is None:
        return Recorded("HEALTHCHECK", rest, UNKNOWN, "form")
    test = go_strings(match["test"])
    if test[:1] == ("NONE",):
        return Recorded("HEALTHCHECK", "NONE")
    flags = "".join(
        f"--{name}={match[group]} "
        for name, group in (
            ("interval", "interval"),
            ("timeout", "timeout"),
            ("start-period", "start"),
        )
        if match[group] not in ("0s", "")
    )
    retries = _go_rune(match["retries"])
    flags += f"--retries={retries} " if retries else ""
    if test[:1] == ("CMD-SHELL",):
        return Recorded("HEALTHCHECK", f"{flags}CMD {test[1] if len(test) > 1 else ''}")
    return Recorded("HEALTHCHECK", f"{flags}CMD {json.dumps(list(test[1:]), ensure_ascii=False)}")


def go_strings(text: str) -> tuple[str, ...]:
    """The strings of a Go %q list or a JSON list."""
    found = []
    for match in _GO_STRING.finditer(text):
        try:
            found.append(str(json.loads(match[0])))
        except ValueError:  # an escape that only Go knows
            found.append(match[0][1:-1])
    return tuple(found)


def _go_rune(text: str) -> int:
    """The number that Go's %q wrote as a rune: '\\x03' is 3."""
    match = re.fullmatch(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})", text)
    if match:
        return int(match[1] or match[2], 16)
    short = {"\\a": 7, "\\b": 8, "\\t": 9, "\\n": 10, "\\v": 11, "\\f": 12, "\\r": 13}
    return short.get(text, ord(text) if len(text) == 1 else 0)
