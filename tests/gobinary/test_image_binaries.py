"""Go executables inside images: found, read, kept by their content, and turned into a finding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from explorer.errors import ImageNotFound
from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.findings.binary import FINDING_ID
from explorer.gobinary.executable import NotAnExecutable
from explorer.report.analysis_json import analysis_document
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.binaries import inspect_binary
from explorer.workflow.opening import Options
from tests.engine.docker import Docker, answers
from tests.gobinary.elves import Part, buildinfo, elf
from tests.support.archives import built, containerd, docker_25, layer_tar, oci, pack

_TEXT = "path\texample.com/shop/cmd\nmod\texample.com/shop\tv1.0.0\t\nbuild\tCGO_ENABLED=0\n"
_DEBUG, _SYMBOLS = 700_000, 300_000
TAG = f"image-explorer-test-gobinary:{os.getpid()}"


def program(name: str = "shop") -> bytes:
    """A Go program of a good megabyte, most of it symbols and debug information."""
    return elf(
        Part(".go.buildinfo", buildinfo("go1.27.3", _TEXT), alloc=True),
        Part(".rodata", name.encode(), alloc=True),
        Part(".debug_info", os.urandom(16) * (_DEBUG // 16)),
        Part(".symtab", bytes(_SYMBOLS), kind=2),
    )


PROGRAM = program()
FILES = {
    "usr/local/bin/shop": PROGRAM,
    "etc/motd": b"hello",
    "opt/broken": PROGRAM[:16] + b"\xff" * 1_200_000,
}


@pytest.fixture(params=["plain", "gzip", "zstd"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An OCI archive with the program in its upper layer."""
    path = tmp_path / "image.tar"
    made = built(layer_tar({"etc/motd": b"hello"}), layer_tar(FILES))
    path.write_bytes(pack(oci(made, compression=request.param)))
    return path


def test_that_an_analysis_names_its_go_programs_and_their_exact_debug_bytes(archive: Path) -> None:
    analysis = _analyse(archive)
    (binary,) = analysis.go_binaries
    told = asdict(binary)
    assert {key: told[key] for key in ("path", "layer", "size_bytes", "go_version", "module", "static")} == {
        "path": "/usr/local/bin/shop", "layer": 1, "size_bytes": len(PROGRAM), "go_version": "go1.27.3",
        "module": "example.com/shop", "static": True,
    }  # fmt: skip
    assert (binary.symbol_bytes, binary.dwarf_bytes) == (_SYMBOLS, _DEBUG)
    assert binary.cgo_enabled is False
    finding = next(item for item in analysis.findings if item.id == FINDING_ID)
    assert (finding.bytes, finding.layer, finding.overlaps) == (_SYMBOLS + _DEBUG, 1, True)
    assert "1,000,000 bytes" in finding.reason()
    # The categories are a partition still.
    assert sum(size for size, _ in analysis.category_bytes()) == analysis.totals.content_bytes
    assert analysis.problems == ()


def test_that_a_saved_analysis_keeps_its_programs(archive: Path, tmp_path: Path) -> None:
    analysis = _analyse(archive)
    analysis.save(tmp_path / "a.col")
    assert Analysis.load(tmp_path / "a.col").go_binaries == analysis.go_binaries
    (document,) = analysis_document(analysis)["go_binaries"]
    assert (document["path"], document["removable_bytes"]) == ("/usr/local/bin/shop", 1_000_000)
    assert "row" not in document


def test_that_a_program_is_read_once_and_then_known_by_its_content(archive: Path) -> None:
    first = _analyse(archive)
    assert list(Path(os.environ["XDG_CACHE_HOME"]).rglob("binaries/*/*.json"))
    reader = _NoReading()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.findings.executables.reading", reader)
        second = _analyse(archive)
    assert (second.go_binaries, reader.asked) == (first.go_binaries, 0)


def test_that_without_the_cache_nothing_is_kept(archive: Path) -> None:
    analysis = _analyse(archive, use_cache=False)
    assert len(analysis.go_binaries) == 1
    assert not list(Path(os.environ["XDG_CACHE_HOME"]).rglob("binaries"))


def test_that_one_program_is_opened_by_its_path(archive: Path) -> None:
    options = {"reference": f"oci-archive:{archive}"}
    binary = inspect_binary(Task(), options, b"/usr/local/bin/shop")
    assert (binary.path, binary.size_bytes) == ("/usr/local/bin/shop", len(PROGRAM))
    with pytest.raises(ImageNotFound, match="no file nope"):
        inspect_binary(Task(), options, b"nope")
    with pytest.raises(NotAnExecutable):
        inspect_binary(Task(), options, b"/etc/motd")


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("engine", ["classic", "modern"])
@pytest.mark.parametrize("via", ["auto", "export"])
def test_that_an_engines_programs_are_read_through_a_container_that_never_starts(
    engine: str, via: str, loaded: dict[str, Docker]
) -> None:
    if engine not in loaded:
        pytest.skip(f"no {engine} engine (packaging/test.sh starts one)")
    docker = loaded[engine]
    options = Options(TAG, via=via, host=docker.host)
    before = docker("ps", "-aq")
    store = LayerStore.private()
    analysis = analyse(Task(), options, store)
    store.close()
    (binary,) = analysis.go_binaries
    assert (binary.path, binary.removable_bytes) == ("/usr/local/bin/shop", _SYMBOLS + _DEBUG)
    assert analysis.problems == ()
    assert set(docker("ps", "-aq").split()) <= set(before.split())


@pytest.fixture(scope="module")
def loaded() -> Iterator[dict[str, Docker]]:
    """The engines that answer, each with the image."""
    hosts = {
        "classic": os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
        "modern": os.environ.get("MODERN_DOCKER_HOST", ""),
    }
    engines = {name: Docker(host) for name, host in hosts.items() if host and answers(host)}
    made = built(layer_tar(FILES), tags=(TAG,))
    for name, docker in engines.items():
        docker.load(docker_25(made) if name == "classic" else containerd(made))
    yield engines
    for docker in engines.values():
        docker.remove(TAG)


class _NoReading:
    """Stands for the reader of files, which is not to be asked."""

    asked = 0

    def __call__(self, *_arguments: object) -> None:
        self.asked += 1
        raise AssertionError


def _analyse(archive: Path, *, use_cache: bool = True) -> Analysis:
    store = LayerStore.open() if use_cache else LayerStore.private()
    try:
        options = Options(f"oci-archive:{archive}", use_cache=use_cache)
        return analyse(Task(), options, store)
    finally:
        store.close()
