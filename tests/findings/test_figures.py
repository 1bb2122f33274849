"""Per-layer figures against what `tar` lists of the same layer, on real archives."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.resources import resource
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options

pytestmark = pytest.mark.skipif(shutil.which("tar") is None, reason="tar is not installed")


def _layer_files(archive: Path, folder: Path) -> list[Path]:
    """The layer blobs of a docker-archive or an OCI archive, base first."""
    with tarfile.open(archive) as outer:
        outer.extractall(folder, filter="data")
    manifest = folder / "manifest.json"
    if manifest.exists():
        return [folder / name for name in json.loads(manifest.read_bytes())[0]["Layers"]]
    index = json.loads((folder / "index.json").read_bytes())
    entry = json.loads(_blob(folder, index["manifests"][0]["digest"]).read_bytes())
    if "manifests" in entry:
        entry = json.loads(_blob(folder, entry["manifests"][0]["digest"]).read_bytes())
    return [_blob(folder, layer["digest"]) for layer in entry["layers"]]


def _blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / digest.replace(":", "/")


def _listed(blob: Path) -> tuple[int, int]:
    """(entries but the root's own, bytes of regular files) as `tar` lists them."""
    listing = subprocess.run(
        ["tar", "--numeric-owner", "-tvf", str(blob)],
        capture_output=True,
        check=True,
        text=True,
        errors="surrogateescape",
    )
    lines = [line.split(maxsplit=5) for line in listing.stdout.splitlines()]
    inside = [line for line in lines if line[5].strip("./")]
    files = [line for line in inside if line[0].startswith("-") and "/.wh." not in "/" + line[5]]
    return len(inside), sum(int(line[2]) for line in files)


def _check(archive: Path, tmp_path: Path) -> Analysis:
    analysis = analyse(Task(), Options(str(archive)), LayerStore.private())
    blobs = _layer_files(archive, tmp_path / "outer")
    ours = [(figures.entries, figures.content_bytes) for figures in analysis.layers]
    assert ours == [_listed(blob) for blob in blobs]
    totals = analysis.totals
    assert totals.content_bytes == sum(size for _, size in ours)
    assert sum(size for size, _ in analysis.category_bytes()) == totals.content_bytes
    return analysis


@pytest.mark.parametrize(
    "name",
    ["dive-test-docker-image.tar", "dive-test-oci-gzip-image.tar", "dive-test-oci-uncompressed-image.tar"],
)  # fmt: skip
def test_that_layers_hold_what_tar_lists(name: str, shared_data: Path, tmp_path: Path) -> None:
    _check(shared_data / "images" / name, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("zstd") is None, reason="tar lists the sample's zstd layers with the help of zstd"
)
def test_that_the_samples_layers_hold_what_tar_lists(tmp_path: Path) -> None:
    analysis = _check(resource("samples", "naive-go-service.oci.tar"), tmp_path)
    assert analysis.totals.reclaimable_bytes > 0
