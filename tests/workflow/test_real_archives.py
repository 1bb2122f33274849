"""Archives written by docker, skopeo, podman and buildah all show the very files that went in."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import Kind
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TAG = "image-explorer-test/archives:1"
# What the two COPY layers put in; `over` is written by both, so its first copy is reclaimable.
FIRST = {
    "usr/bin/tool": b"\x7fELF" + bytes(5000),
    "etc/over": b"one",
    "srv/na\u00efve name": b"x" * 700,
}
SECOND = {"etc/over": b"second", "opt/empty": b"", "opt/deep/er/file": b"y" * 12345}
EXPECTED = {
    **{path: len(data) for path, data in FIRST.items()},
    **{p: len(d) for p, d in SECOND.items()},
}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    _write(folder / "first", FIRST)
    _write(folder / "second", SECOND)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY first /\nENV A=b\nCOPY second /\n")
    return folder


@pytest.fixture(scope="module")
def saved(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    _run("docker", "build", "-q", "-t", TAG, str(context))
    path = tmp_path_factory.mktemp("saved") / "docker.tar"
    _run("docker", "save", "-o", str(path), TAG)
    yield path
    _run("docker", "rmi", TAG)


def _files(analysis: Analysis) -> dict[str, int]:
    stack = analysis.stack
    rows = np.flatnonzero(stack.merged() & (stack.kind == Kind.FILE))
    return {stack.tree.path(int(stack.node[row])).decode(): int(stack.size[row]) for row in rows}


def _check(reference: str) -> Analysis:
    analysis = analyse(Task(), Options(reference), LayerStore.private())
    assert analysis.complete, analysis.problems
    assert [figures.verified for figures in analysis.layers] == ["digest"] * len(analysis.layers)
    assert _files(analysis) == EXPECTED
    return analysis


def test_that_docker_save_shows_every_file(saved: Path) -> None:
    analysis = _check(f"docker-archive:{saved}")
    assert analysis.totals.reclaimable_bytes == len(FIRST["etc/over"])
    assert TAG in analysis.image.tags


def _skopeo(*options: str) -> Callable[[Path, Path], str]:
    def write(saved: Path, target: Path) -> str:
        reference = options[-1].format(target)
        _run("skopeo", "copy", "-q", *options[:-1], f"docker-archive:{saved}", reference)
        return reference

    return write


SKOPEO = {
    "docker-archive": _skopeo("docker-archive:{}/a.tar:some/name:1"),
    "oci folder": _skopeo("oci:{}/oci:tag"),
    "oci-archive": _skopeo("oci-archive:{}/oci.tar:tag"),
    "uncompressed": _skopeo("--dest-oci-accept-uncompressed-layers", "oci:{}/plain:tag"),
    "zstd": _skopeo("--dest-compress", "--dest-compress-format", "zstd", "oci:{}/zstd:tag"),
}


@pytest.mark.skipif(
    not shutil.which("skopeo"), reason="skopeo is not installed (packaging/test.sh does)"
)
@pytest.mark.parametrize("form", SKOPEO)
def test_that_skopeo_copies_show_every_file(form: str, saved: Path, tmp_path: Path) -> None:
    _check(SKOPEO[form](saved, tmp_path))


@pytest.fixture
def store() -> Iterator[list[str]]:
    """Options that give podman and buildah folders of their own; podman takes no run folder of over 50 characters."""
    folder = tempfile.mkdtemp(prefix="ie", dir="/tmp")
    yield ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
    shutil.rmtree(folder)


@pytest.mark.skipif(
    not shutil.which("podman"), reason="podman is not installed (packaging/test.sh does)"
)
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_that_podman_save_shows_every_file(
    form: str, saved: Path, store: list[str], tmp_path: Path
) -> None:
    _run("podman", *store, "load", "-q", "-i", str(saved))
    target = tmp_path / "podman.tar"
    _run("podman", *store, "save", "-q", "--format", form, "-o", str(target), TAG)
    _check(f"{form}:{target}")


@pytest.mark.skipif(
    not shutil.which("buildah"), reason="buildah is not installed (packaging/test.sh does)"
)
def test_that_buildah_push_shows_every_file(
    context: Path, store: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "buildah.tar"
    build = ["bud", "-q", "--layers", "--isolation", "chroot", "-t", "localhost/test", str(context)]
    _run("buildah", *store, *build)
    _run("buildah", *store, "push", "-q", "localhost/test", f"oci-archive:{target}:test")
    _check(f"oci-archive:{target}")
