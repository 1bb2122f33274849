"""Takes secrets out of texts that are shown: build arguments, variables and addresses that carry a password or token."""

from __future__ import annotations

import re

# Every repetition is bounded: texts come from images that nobody vouches for.
MASK = "•••"
# BuildKit's SecretsUsedInArgOrEnv (frontend/dockerfile/dockerfile2llb/convert.go, "secretsRegexpOnce"), by name parts.
_NAME = (
    r"(?:[A-Za-z0-9]{1,40}_){0,8}(?:api_?key|access_?key|auth|credentials?|key|pass|passphrase|passwd|password|pat|pword|"
    r"secret|secret_?key|token)(?:_[A-Za-z0-9]{1,40}){0,8}"
)
_ALLOWED = re.compile(
    r"public|_?(file|path|dir|url|user|name|id|type|length|algorithm)$", re.IGNORECASE
)
_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s'\"]+"
_PAIR = re.compile(rf"(?<![A-Za-z0-9_])({_NAME})=({_VALUE})", re.IGNORECASE)
_CAMEL = re.compile(
    rf"(?<![A-Za-z0-9_])([A-Za-z0-9]*(?:[Pp]assword|[Ss]ecret|[Tt]oken|[Aa]pi[Kk]ey))=({_VALUE})"
)
_OLD_ENV = re.compile(
    rf"^([ \t]*ENV[ \t]+{_NAME})([ \t]+)(?!=)(\S.*)$", re.IGNORECASE | re.MULTILINE
)
_ADDRESS = re.compile(
    r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,256}:)([^\s@/]{1,512})(@)", re.IGNORECASE
)
_USER_TOKEN = re.compile(r"(\bhttps?://)([A-Za-z0-9_.-]{16,512})(@)")
# Formats that their issuers document: GitHub, GitLab, AWS, Slack, npm, Google, JSON web tokens, private keys.
_TOKEN = re.compile(
    r"\b(?:gh[opsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|A(?:KIA|SIA)[A-Z0-9]{16}|"
    r"xox[abpr]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{30,}|AIza[A-Za-z0-9_-]{30,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
)
_HEADER = re.compile(
    r"(\b(?:Authorization|PRIVATE-TOKEN|X-Api-Key):[ \t]{0,8}(?:(?:Bearer|Basic|token)[ \t]{1,8})?)([^\s\"']+)",
    re.IGNORECASE,
)
_NETRC = re.compile(r"(\bmachine\s+\S+\s+login\s+\S+\s+password\s+)([^\s\"']+)")


def redact(text: str) -> str:
    """`text` with every secret in it replaced; line breaks and lengths of lines other than the secrets' stay."""
    text = _PAIR.sub(_masked_pair, text)
    text = _CAMEL.sub(_masked_pair, text)
    text = _OLD_ENV.sub(
        lambda m: f"{m[1]}{m[2]}{MASK}" if not _ALLOWED.search(m[1]) else m[0], text
    )
    for pattern in (_ADDRESS, _USER_TOKEN):
        text = pattern.sub(lambda m: m[0] if m[2].startswith("$") else f"{m[1]}{MASK}{m[3]}", text)
    for pattern in (_HEADER, _NETRC):
        text = pattern.sub(lambda m: m[0] if m[2].startswith("$") else f"{m[1]}{MASK}", text)
    return _TOKEN.sub(MASK, text)


def shown_setting(key: str, value: str) -> str:
    """The value of a setting ("ENV TOKEN", "LABEL maintainer", "CMD") with secrets masked; its name may say that it is one."""
    name = key.partition(" ")[2] or key
    return redact(f"{name}={value}").removeprefix(f"{name}=") if value else ""


def secret_names(text: str) -> tuple[str, ...]:
    """Names of variables in `text` that get a secret's value, each once."""
    found = [
        m[1]
        for pattern in (_PAIR, _CAMEL)
        for m in pattern.finditer(text)
        if _masked_pair(m) != m[0]
    ]
    return tuple(dict.fromkeys(found))


def _masked_pair(match: re.Match[str]) -> str:
    """Values that only name another variable are no secrets."""
    value = match[2].strip("'\"")
    if not value or value.startswith("$") or value == MASK or _ALLOWED.search(match[1]):
        return match[0]
    return f"{match[1]}={MASK}"
