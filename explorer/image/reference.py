"""What people type to name an image: containers transports, engine names and IDs, paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import ReferenceInvalid
from explorer.translation import tr
from explorer.units import display_text

DAEMON = "docker-daemon"
DOCKER_ARCHIVE = "docker-archive"
OCI_ARCHIVE = "oci-archive"
OCI = "oci"
# Written docker://NAME: an image in a registry.
REGISTRY = "docker"
# A file of ours that holds an analysis and no contents, see explorer.snapshot.
SNAPSHOT = "snapshot"
# A bare path: what it holds is found by looking inside.
PATH = "path"

_FILE_TRANSPORTS = (DOCKER_ARCHIVE, OCI_ARCHIVE, OCI)
# Transports of containers-transports(5) that name an image somewhere we do not read from.
_ELSEWHERE = ("containers-storage", "dir", "ostree", "sif", "registry", "podman")
_SUFFIXES = (".tar", ".tgz", ".tzst", ".tbz2", ".txz", ".oci", ".image-snapshot")
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
# First bytes of gzip, zstd, bzip2 and xz streams and of snapshots; a tar has `ustar` at offset 257.
_MAGICS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\x00", b"ISEsnap\x00")

# Grammar of names: github.com/distribution/reference (Apache-2.0), regexp.go; lengths: reference.go, 255 bytes.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_HOST}(?:\.{_HOST})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_NAME = re.compile(
    rf"(?P<name>(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*)(?::(?P<tag>[\w][\w.-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?",
    re.ASCII,
)
_ID = re.compile(r"(?:sha256:)?[0-9a-f]{4,64}", re.ASCII)
_NAME_LIMIT = 255
# A name, a tag (128) and a digest (sha512, 135) with their marks.
_LENGTH_LIMIT = _NAME_LIMIT + 1 + 128 + 1 + 135


@dataclass(frozen=True)
class Reference:
    """Where an image is: an engine's name or ID, a registry's name, or a path with what to choose inside it.

    `transport` is docker-daemon, docker, docker-archive, oci-archive, oci or path; `selector` is a tag, a digest (or the
    beginning of one) or `@N` for the Nth image of the file, "" for the only one.
    """

    transport: str
    name: str
    selector: str = ""

    def __str__(self) -> str:
        if self.transport == PATH:
            return self.name
        if self.transport == REGISTRY:
            return f"{REGISTRY}://{self.name}"
        text = f"{self.transport}:{self.name}"
        if not self.selector:
            return text
        return text + (self.selector if self.selector.startswith("@") else f":{self.selector}")


def parse_reference(text: str) -> Reference:
    """The reference behind what a person typed; raises ReferenceInvalid.

    A bare word is an engine's name unless a file or an OCI folder of that name exists; what looks like a path is one.
    """
    text = text.strip()
    if not text or "\0" in text:
        raise ReferenceInvalid(
            tr("No image was named."),
            tr("Write a name such as golang:1.27, or the path of a saved image."),
        )
    transport, colon, rest = text.partition(":")
    if colon and transport in _FILE_TRANSPORTS:
        return _file_reference(transport, rest)
    if colon and transport == SNAPSHOT and rest:
        return Reference(SNAPSHOT, _expanded(rest))
    if colon and transport == DAEMON:
        return _daemon_reference(rest)
    if colon and transport == REGISTRY and rest.startswith("//"):
        return _registry_reference(rest[2:])
    if colon and transport == REGISTRY and "/" in rest:
        raise ReferenceInvalid(
            tr("{name} is not the name of an image.", name=display_text(text, 80)),
            tr(
                "Did you mean {names}?", names=display_text(f"{REGISTRY}://{rest.lstrip('/')}", 120)
            ),
        )
    if colon and transport in _ELSEWHERE and (rest.startswith("//") or "/" in rest):
        raise ReferenceInvalid(
            tr("Images are not read from {transport}: directly.", transport=transport),
            tr("Pull the image into the engine, or save it to a file, and open that."),
        )
    if _means_path(text):
        return Reference(PATH, _expanded(text))
    return _daemon_reference(text)


def familiar_name(name: str) -> str:
    """A tag as `docker images` shows it: without docker.io/ and library/ in front."""
    for prefix in (
        "docker.io/library/",
        "index.docker.io/library/",
        "docker.io/",
        "index.docker.io/",
    ):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _file_reference(transport: str, rest: str) -> Reference:
    if not rest:
        raise ReferenceInvalid(
            tr("{transport}: needs a path.", transport=transport),
            tr("Example: {example}", example=_example(transport)),
        )
    path, selector = _split_path(rest)
    return Reference(transport, _expanded(path), selector)


def _example(transport: str) -> str:
    return f"{transport}:{'image-folder' if transport == OCI else 'image.tar'}"


def _split_path(rest: str) -> tuple[str, str]:
    """Path and selector of FILE, FILE:TAG or FILE@N; the longest part that exists is the path."""
    cuts = [
        i
        for i, char in enumerate(rest)
        if char == ":" or (char == "@" and rest[i + 1 :].isdecimal())
    ]
    for cut in (len(rest), *reversed(cuts)):
        if cut and _is(Path(rest[:cut]), Path.exists):
            return rest[:cut], _selector(rest[cut:])
    # Nothing exists: the error names what the person most likely meant by the path.
    cut = next((cut for cut in cuts if cut), len(rest))
    return rest[:cut], _selector(rest[cut:])


def _selector(text: str) -> str:
    return text if text.startswith("@") else text[1:]


def _daemon_reference(name: str) -> Reference:
    match = _NAME.fullmatch(name) if len(name) <= _LENGTH_LIMIT else None
    if _ID.fullmatch(name) or (match and len(match["name"]) <= _NAME_LIMIT):
        return Reference(DAEMON, name)
    hint = tr("Write a name such as golang:1.27, an image ID, or the path of a saved image.")
    if len(name) <= _LENGTH_LIMIT and name != name.lower() and _NAME.fullmatch(name.lower()):
        hint = tr("Image names are lower case.")
    raise ReferenceInvalid(
        tr("{name} is not the name of an image.", name=display_text(name, 80)), hint
    )


def _registry_reference(name: str) -> Reference:
    match = _NAME.fullmatch(name) if len(name) <= _LENGTH_LIMIT else None
    if match and len(match["name"]) <= _NAME_LIMIT:
        return Reference(REGISTRY, name)
    raise ReferenceInvalid(
        tr("{name} is not the name of an image.", name=display_text(name, 80) or '""'),
        tr("Image names are lower case.")
        if name != name.lower() and _NAME.fullmatch(name.lower()[:_LENGTH_LIMIT])
        else tr("Example: {example}", example="docker://docker.io/library/golang:1.27"),
    )


def _means_path(text: str) -> bool:
    if text.startswith(("/", "./", "../", "~")) or text in (".", ".."):
        return True
    path = Path(text)
    if _is(path, Path.is_dir):
        # A project's folder often has the name of its image: only an image folder counts.
        return any((path / name).is_file() for name in ("index.json", "oci-layout"))
    if _is(path, Path.is_file):
        return not _NAME.fullmatch(text) or _looks_like_archive(path)
    name = text.lower()
    return name.endswith(_SUFFIXES) or (name.endswith(_COMPRESSED) and ".tar" in name)


def _is(path: Path, test: Callable[[Path], bool]) -> bool:
    """A test of a path that may not even be one (too long for the system)."""
    try:
        return test(Path(_expanded(str(path))))
    except OSError:
        return False


def _expanded(path: str) -> str:
    try:
        return str(Path(path).expanduser())
    except RuntimeError:  # ~name of nobody
        return path


def _looks_like_archive(path: Path) -> bool:
    """Whether an existing file named like an image is more than the program of that name."""
    if path.suffix:
        return True
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head.startswith(_MAGICS) or head[257:262] == b"ustar"
