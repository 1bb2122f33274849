"""What a registry reference means: the host that serves it, the repository, and a tag or digest.

Rules: github.com/distribution/reference (normalize.go): without a host the name is Docker Hub's, one word alone is a
name of its `library`, and without tag and digest the tag is `latest`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from explorer.image.reference import familiar_name

HUB = "docker.io"
_HUB_SERVER = "registry-1.docker.io"
# How the docker command files Docker Hub's login (docker/cli config/configfile, registry.IndexServer).
HUB_LOGIN = "https://index.docker.io/v1/"


@dataclass(frozen=True)
class Name:
    """One image of a registry: `host` as people write it (docker.io, localhost:5000), `tag` or `digest` not empty."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def server(self) -> str:
        """Host and port that answer for it."""
        return _HUB_SERVER if self.host == HUB else self.host

    @property
    def login(self) -> str:
        """What the docker config calls the login for it."""
        return HUB_LOGIN if self.host == HUB else self.host

    @property
    def version(self) -> str:
        """What is asked of the repository: the digest where there is one."""
        return self.digest or self.tag

    @property
    def familiar(self) -> str:
        """Host, repository and tag as `docker images` shows them; no digest."""
        return familiar_name(f"{self.host}/{self.repository}") + (
            f":{self.tag}" if self.tag else ""
        )

    def __str__(self) -> str:
        return self.familiar + (f"@{self.digest}" if self.digest else "")


def parse_name(text: str) -> Name:
    """The parts of a name that image.reference has found well-formed."""
    rest, _, digest = text.partition("@")
    first, slash, path = rest.partition("/")
    if not slash or not _is_host(first):
        host, path = HUB, rest
    else:
        host = HUB if first in ("docker.io", "index.docker.io", _HUB_SERVER) else first
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, ""
    if host == HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Name(host, repository, tag if tag or digest else "latest", digest)


def is_loopback(host: str) -> bool:
    """Whether `host` (perhaps with a port) is this machine, which docker's engine asks without TLS, too.

    Its `insecure-registries` (daemon.json) and podman's `insecure = true` are not read: they are another program's leave to
    send a login in the open, and the engine that has it may be on another machine.
    """
    bare = host_of(host)
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def host_of(netloc: str) -> str:
    """A host without its port and brackets."""
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0]
    return netloc.partition(":")[0].lower()


def _is_host(part: str) -> bool:
    return "." in part or ":" in part or part == "localhost" or part != part.lower()
