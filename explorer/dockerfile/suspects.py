"""What should rarely be part of a build context: secrets, the repository's history, links out of the folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from explorer.translation import mark

SECRET = mark("may hold a secret")
HISTORY = mark("the repository's whole history")
OUTSIDE = mark("a link that leads out of the folder; it is sent as a link")
DEVICE = mark("a device or a pipe")

_SECRETS = re.compile(
    rb"""(?ix)
    \.env (\..+)? | .+\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|tfstate|tfstate\.backup|ovpn)
    | id_(rsa|dsa|ecdsa|ed25519)(_sk)? | \.(npmrc|netrc|pypirc|pgpass|htpasswd|git-credentials|dockercfg|vault-token)
    | _netrc | \.(aws|kube|ssh|gnupg|azure) | (client_secret|credentials|service[-_]account).*\.json | kubeconfig
    """
)
# Templates of such files are meant to be shared.
_EXAMPLES = re.compile(rb"(?i).*[.-](example|sample|template|dist)")


@dataclass(frozen=True)
class Suspect:
    """A path of the context that deserves a second look; `reason` is one of this module's texts, for tr()."""

    path: bytes
    reason: str
    bytes: int = 0


def suspect(root: bytes, path: bytes, kind: str, size: int, link: bytes) -> Suspect | None:
    """What is odd about one path of a context, None for nothing."""
    name = os.path.basename(path)
    if kind == "other":
        return Suspect(path, DEVICE)
    if kind == "symlink" and _leads_out(root, path, link):
        return Suspect(path, OUTSIDE)
    if name == b".git":
        return Suspect(path, HISTORY, size)
    if _SECRETS.fullmatch(name) and not _EXAMPLES.fullmatch(name):
        return Suspect(path, SECRET, size)
    if path.endswith(b".docker/config.json"):
        return Suspect(path, SECRET, size)
    return None


def _leads_out(root: bytes, path: bytes, link: bytes) -> bool:
    """By its text alone: the target may not exist."""
    if link.startswith(b"/"):
        return True
    target = os.path.normpath(os.path.join(root, os.path.dirname(path), link))
    return target != root and not target.startswith(root + b"/")
