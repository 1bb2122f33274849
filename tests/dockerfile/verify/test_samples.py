"""The sample services, rewritten well and badly: the verdict knows which is which."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.dockerfile.verify.model import DIFFERS, SAME, Verification, VerifyOptions
from explorer.dockerfile.verify.verdict import verify
from explorer.engine.client import Engine, connect
from explorer.task import Task
from tests.engine.docker import Docker, private_engine
from tests.support.builds import image
from tests.support.projects import SAMPLES, sample_program

# Compiling Gin and SQLite on a busy machine takes minutes the first time.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

OLD, NEW = "image-explorer.local/sample-old:1", "image-explorer.local/sample-new:1"
Files = dict[str, bytes | Path | str]
_SMALL = ("-trimpath", "-ldflags=-s -w")
# Without -trimpath SQLite, which takes minutes, is compiled once for all.
_STRIPPED = "-ldflags=-s -w"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_PASSWD = "root:x:0:0:root:/root:/bin/sh\n"


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    with private_engine() as engine:
        yield engine.docker


@pytest.fixture
def engine(docker: Docker) -> Iterator[Engine]:
    """The engine, as it was before when the test is over."""
    before = docker.state()
    yield connect(docker.host)
    docker.remove(OLD, NEW)
    assert docker.state() == before


def _project(name: str, folder: str = "app/") -> Files:
    """All files of a sample, as COPY . . puts them."""
    found: Files = {folder: ""}
    for path in sorted((SAMPLES / name).rglob("*")):
        place = folder + str(path.relative_to(SAMPLES / name))
        if path.is_dir():
            found[place + "/"] = ""
        else:
            found[place] = path if path.stat().st_mode & 0o100 else path.read_bytes()
    return found


def _bundle() -> str:
    path = Path("/etc/ssl/certs/ca-certificates.crt")
    if not path.exists():
        pytest.skip("no certificates on this machine (Debian package ca-certificates)")
    return path.read_text()


def _compare(
    engine: Engine, docker: Docker, old: Files, new: Files, changes: tuple[str, ...], *paths: str
) -> Verification:
    docker.remove(OLD, NEW)
    image(docker, OLD, old, *changes)
    image(docker, NEW, new, *changes)
    options = VerifyOptions(paths=paths, quiet_seconds=1, stop_seconds=5)
    return verify(Task(), engine, OLD, NEW, options)


def _differing(found: Verification) -> dict[str, str]:
    return {check.name: check.evidence for check in found.checks if check.result == DIFFERS}


def test_that_the_service_with_pages_is_the_same_without_its_sources(
    engine: Engine, docker: Docker
) -> None:
    changes = ("WORKDIR /app", "ENV GIN_MODE=release", "EXPOSE 8080", 'CMD ["./server"]')
    rest: Files = {"tmp/": "", _BUNDLE: _bundle(), "etc/passwd": _PASSWD}
    old = {**_project("gin-service"), **rest, "app/server": sample_program("gin-service")}
    new = {
        name: content
        for name, content in old.items()
        if name.startswith(("app/templates", "app/static")) or name in ("app/", *rest)
    }
    new["app/server"] = sample_program("gin-service", *_SMALL)
    found = _compare(engine, docker, old, new, changes, "/api/notes", "/healthz")
    assert (found.verdict, _differing(found)) == (SAME, {})
    assert {check.name for check in found.checks} >= {
        "GET / on port 8080",
        "GET /static/style.css on port 8080",
        "GET /robots.txt on port 8080",
        "GET /api/notes on port 8080",
    }
    without = {name: content for name, content in new.items() if "templates" not in name}
    assert "Starts, and ends as before" in _differing(
        _compare(engine, docker, old, without, changes)
    )
    without = {name: content for name, content in new.items() if "style.css" not in name}
    assert set(_differing(_compare(engine, docker, old, without, changes))) >= {
        "GET /static/style.css on port 8080"
    }


def test_that_the_service_with_sqlite_is_not_taken_without_cgo(
    engine: Engine, docker: Docker
) -> None:
    if not shutil.which("gcc"):
        pytest.skip("no C compiler for SQLite")
    old_program = sample_program("gin-sqlite", CGO_ENABLED="1")
    loader = Path("/lib64/ld-linux-x86-64.so.2")
    libraries = [path for name in ("c", "m") for path in Path("/lib").glob(f"*/lib{name}.so.6")]
    if not loader.exists() or not libraries:
        pytest.skip("this machine's C library is not glibc for amd64")
    base: Files = {"tmp/": "", "data/": "", "etc/passwd": _PASSWD, _BUNDLE: _bundle()}
    glibc: Files = {"lib64/ld-linux-x86-64.so.2": loader}
    glibc |= {f"lib/{path.parent.name}/{path.name}": path for path in libraries}
    changes = ("VOLUME /data", "EXPOSE 8080", 'CMD ["/server"]')
    old = {**base, **glibc, "server": old_program}
    with_cgo = {**base, **glibc, "server": sample_program("gin-sqlite", _STRIPPED, CGO_ENABLED="1")}
    assert _compare(engine, docker, old, with_cgo, changes).verdict == SAME
    without_cgo = {**base, "server": sample_program("gin-sqlite", _STRIPPED)}
    found = _differing(_compare(engine, docker, old, without_cgo, changes))
    assert "SQLite is left out" in found["Features that need cgo"]
    assert "This is a stub" in found["Starts, and ends as before"]


def test_that_the_clock_needs_its_zones_certificates_and_user(
    engine: Engine, docker: Docker
) -> None:
    zones: Files = {}
    for name in ("Europe/Berlin", "America/New_York"):
        path = Path("/usr/share/zoneinfo", name)
        if not path.exists():
            pytest.skip("no time zone data on this machine (Debian package tzdata)")
        zones[f"usr/share/zoneinfo/{name}"] = path.read_bytes()
    changes = (
        *("ENV TZ=Europe/Berlin", "ENV GIN_MODE=release", "EXPOSE 8080"),
        'CMD ["/clock"]',
    )
    paths = ("/zone/America/New_York", "/certificates", "/user")
    base: Files = {"tmp/": "", "clock": sample_program("gin-clock", *_SMALL)}
    old = {**base, **zones, _BUNDLE: _bundle(), "etc/passwd": _PASSWD}
    assert _compare(engine, docker, old, dict(old), changes, *paths).verdict == SAME
    found = _differing(_compare(engine, docker, old, base, changes, *paths))
    assert set(found) >= {
        "Time zones",
        "Trusted certificates",
        "The program can ask who it is",
        "GET / on port 8080",
        "GET /zone/America/New_York on port 8080",
        "GET /certificates on port 8080",
        "GET /user on port 8080",
    }


def test_that_the_start_script_needs_a_shell(
    engine: Engine, docker: Docker, shared_data: Path
) -> None:
    base = _files_of(shared_data / "images" / "alpine-minirootfs-3.20.3-x86_64.tar.gz")
    changes = (
        *("WORKDIR /app", "ENV GIN_MODE=release NAME=all PORT=8080", "EXPOSE 8080"),
        'ENTRYPOINT ["/app/entrypoint.sh"]',
        'CMD ["./server"]',
    )
    project = _project("gin-entrypoint")
    server = sample_program("gin-entrypoint", *_SMALL)
    old: Files = {**base, **project, "app/server": server}
    needed = ("app/", "app/entrypoint.sh", "app/motto.txt", "app/migrations")
    kept = {name: content for name, content in project.items() if name.startswith(needed[1:])}
    new: Files = {**base, "app/": "", **kept, "app/server": server}
    assert _compare(engine, docker, old, new, changes).verdict == SAME
    found = _compare(
        engine, docker, old, {"tmp/": "", "app/": "", **kept, "app/server": server}, changes
    )
    assert "/bin/sh" in _differing(found)["The program is there"]
    less = {name: content for name, content in new.items() if name != "app/motto.txt"}
    assert _compare(engine, docker, old, less, changes).verdict == DIFFERS
    less = {name: content for name, content in new.items() if name != "bin/sed"}
    found = _compare(engine, docker, old, less, changes)
    assert _differing(found)["Programs that the start script runs"] == "The new image lacks sed."


def _files_of(archive: Path) -> Files:
    """A root file system as files; links to links stay links."""
    found: Files = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.read_bytes()))) as tar:
        for member in tar:
            name = member.name.removeprefix("./")
            if member.isdir():
                found[name.rstrip("/") + "/"] = ""
            elif member.issym():
                found[name] = "->" + member.linkname
            elif member.isfile():
                file = tar.extractfile(member)
                found[name] = file.read() if file else b""
    found.pop("./", None)
    return {name: content for name, content in found.items() if name not in ("/", "./")}
