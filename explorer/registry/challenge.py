"""How a registry wants to be asked: the WWW-Authenticate header (RFC 9110 §11.6.1) and the answer of a token server."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

# One parameter: name=token or name="quoted string with \" escapes" (RFC 9110 §5.6).
_PARAMETER = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)(?:\s+|$|,)")
_HEADER_LIMIT = 8 << 10


@dataclass(frozen=True)
class Challenge:
    """One way to log in that a registry offers: `scheme` in lower case (basic, bearer) and its parameters."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> list[Challenge]:
    """The ways that a header offers; what cannot be read ends the list."""
    header = header[:_HEADER_LIMIT]
    found: list[Challenge] = []
    place = 0
    while place < len(header):
        parameter = _PARAMETER.match(header, place)
        if parameter and found:
            value = parameter[3] if parameter[2] is None else re.sub(r"\\(.)", r"\1", parameter[2])
            found[-1].parameters.setdefault(parameter[1].lower(), value)
            place = parameter.end()
            continue
        scheme = _SCHEME.match(header, place)
        if not scheme:
            break
        found.append(Challenge(scheme[1].lower()))
        place = scheme.end()
    return found


def parse_token(data: bytes) -> tuple[str, float]:
    """A token server's answer: the token ("" when there is none) and how many seconds it is good for.

    Source: distribution/distribution docs/spec/auth/token.md; 60 seconds is its default.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return "", 0.0
    if not isinstance(found, dict):
        return "", 0.0
    token = found.get("token") or found.get("access_token")
    seconds = found.get("expires_in")
    good = float(seconds) if isinstance(seconds, (int, float)) and seconds > 0 else 60.0
    # What goes into a header must be one line of ASCII.
    return (
        (token, good)
        if isinstance(token, str) and token.isascii() and token.isprintable()
        else ("", 0.0)
    )
