"""Findings of a real image: the bytes that the engine itself exports, whichever way the layers are read."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from tests.support.layers import elf

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TAG = "image-explorer-test/findings:1"
DIGEST = "0123456789abcdef" * 4
# Sizes that tell each file from every other.
FIRST = {
    "usr/local/go/VERSION": 11,
    "usr/local/go/bin/go": 900_000,
    "usr/local/go/src/runtime/proc.go": 70_001,
    "usr/local/go/lib/time/zoneinfo.zip": 400_007,
    "work/pkg/mod/cache/download/example.org/x/@v/v1.zip": 30_011,
    "work/pkg/mod/example.org/x@v1/x.go": 20_013,
    "build/trim.txt": 10,
    f"build/01/01{DIGEST[2:]}-d": 120_017,
    "var/lib/apt/lists/deb.debian.org_Packages": 50_021,
    "var/lib/dpkg/status": 40_023,
    "etc/ssl/certs/ca-certificates.crt": 219_597,
    "src/app/go.mod": 31,
    "src/app/main.go": 2_027,
    "src/app/main_test.go": 1_033,
    "src/app/templates/index.html": 5_039,
    "src/app/.git/objects/pack/x.pack": 60_043,
}
APP = 300_049
DOCKERFILE = """FROM scratch
ENV GOPATH=/work GOCACHE=/build
WORKDIR /src/app
COPY first /
COPY server /bin/server
COPY --chown=7:7 server /bin/server
ENTRYPOINT ["/bin/server"]
"""


def _docker(*command: str) -> bytes:
    done = subprocess.run(["docker", *command], capture_output=True)
    assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
    return done.stdout


@pytest.fixture(scope="module")
def tag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    context = tmp_path_factory.mktemp("context")
    for name, size in FIRST.items():
        _write(context / "first" / name, b"", size)
    _write(context / "server", elf(), APP)
    (context / "Dockerfile").write_text(DOCKERFILE)
    _docker("build", "-q", "-t", TAG, str(context))
    yield TAG
    _docker("rmi", TAG)


def _write(path: Path, head: bytes, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + str(path).encode()[-1:] * (size - len(head)))


def _analysis(tag: str, via: str) -> Analysis:
    return analyse(Task(), Options(tag, via=via), LayerStore.private())


def _exported(tag: str) -> dict[str, int]:
    """Path and size of every file in the container that the engine makes of the image."""
    name = _docker("create", tag).decode().strip()
    try:
        with tarfile.open(fileobj=io.BytesIO(_docker("export", name))) as archive:
            return {member.name: member.size for member in archive if member.isreg()}
    finally:
        _docker("rm", name)


def _below(files: dict[str, int], *folders: str) -> int:
    return sum(size for name, size in files.items() if name.startswith(folders))


@pytest.mark.parametrize("via", ["export", "auto"])
def test_that_findings_hold_the_bytes_that_the_engine_exports(via: str, tag: str) -> None:
    exported = _exported(tag)
    found = {finding.id: finding for finding in _analysis(tag, via).findings}
    zones = exported["usr/local/go/lib/time/zoneinfo.zip"]
    assert {name: finding.bytes for name, finding in found.items()} == {
        "go-toolchain": _below(exported, "usr/local/go/") - zones,
        "metadata-copies": APP,
        "go-build-cache": _below(exported, "build/"),
        "vcs": _below(exported, "src/app/.git/"),
        "apt-lists": _below(exported, "var/lib/apt/lists/"),
        "go-module-cache": _below(exported, "work/pkg/mod/"),
        "source-tree": FIRST["src/app/main.go"] + FIRST["src/app/go.mod"],
        "test-data": FIRST["src/app/main_test.go"],
    }
    assert found["metadata-copies"].title() == "Copies made by chown"
    assert {finding.confidence for finding in found.values()} == {"high"}
    assert "COPY --from=build /bin/server /bin/server" in found["go-toolchain"].remedy()
    assert "target=/build" in found["go-build-cache"].remedy()
