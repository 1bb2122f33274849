"""The correctness gate: dive's golden figures, and what `tar` lists of every layer of every test image."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from explorer.filesystem.cache import LayerStore
from explorer.filesystem.dive import DiveFigures
from explorer.filesystem.layer import Kind
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options

_SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples"
_IMAGES = [
    "docker-archive:images/dive-test-docker-image.tar",
    "oci-archive:images/dive-test-oci-gzip-image.tar",
    "oci-archive:images/dive-test-oci-uncompressed-image.tar",
    "docker-archive:hostile/25-save-layer-is-symlink.tar:bazel/v1/tarball:test_image_1",
    "docker-archive:hostile/25-save-layer-is-symlink.tar:bazel/v1/tarball:test_image_3",
    "docker-archive:hostile/26-save-v25-oci.tar",
    "docker-archive:hostile/27-save-4layers-whiteouts-gz.tar",
    "oci-archive:hostile/28-oci-zstd-image.tar",
]
_UNPACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZ": bz2.decompress,
    b"\x28\xb5": lambda data: zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).readall(),
}  # fmt: skip


def stored_tars(archive: Path) -> dict[str, bytes]:
    """Every member of an archive, unpacked, by the digest that a config would call it by."""
    found = {}
    with tarfile.open(archive) as members:
        for member in members:
            file = members.extractfile(member) if member.isfile() else None
            if file is not None:
                data = file.read()
                data = _UNPACK.get(data[:2], bytes)(data)
                found[f"sha256:{hashlib.sha256(data).hexdigest()}"] = data
    return found


def listed(data: bytes, path: Path) -> tuple[int, int]:
    """Bytes and count of the regular files that `tar tvf` lists, whiteouts left out."""
    path.write_bytes(data)
    command = ["tar", "--quoting-style=escape", "-tvf", str(path)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split(None, 5) for line in lines]
    sizes = [
        int(row[2])
        for row in rows
        if row[0][0] == "-" and not row[5].rpartition("/")[2].startswith(".wh.")
    ]
    return sum(sizes), len(sizes)


def analysed(reference: str) -> Analysis:
    analysis = analyse(Task(), Options(reference), LayerStore.private())
    assert analysis.complete, analysis.problems
    return analysis


def check_layers(analysis: Analysis, archive: Path, scratch: Path) -> None:
    """Sizes and file counts of every layer are those that tar lists."""
    stored = stored_tars(archive)
    stack = analysis.stack
    for figures, layer in zip(analysis.layers, analysis.image.layers, strict=True):
        size, count = listed(stored[layer.diff_id], scratch / "layer.tar")
        files = int(((stack.kind == Kind.FILE) & (stack.layer == figures.index)).sum())
        assert (figures.content_bytes, files) == (size, count), layer
        assert figures.content_bytes == figures.contribution_bytes + figures.reclaimable_bytes
    assert sum(layer.content_bytes for layer in analysis.layers) == analysis.totals.content_bytes
    assert sum(size for size, _ in analysis.category_bytes()) == analysis.totals.content_bytes


@pytest.mark.parametrize("reference", _IMAGES)
def test_that_layer_sizes_and_file_counts_are_those_that_tar_lists(
    shared_data: Path, tmp_path: Path, reference: str
) -> None:
    transport, path, *selector = reference.split(":", 2)
    archive = shared_data / path
    analysis = analysed(":".join([transport, str(archive), *selector]))
    check_layers(analysis, archive, tmp_path)


@pytest.mark.parametrize("sample", sorted(_SAMPLE.glob("*.tar")), ids=lambda path: path.name)
def test_that_the_bundled_sample_holds_what_tar_lists(sample: Path, tmp_path: Path) -> None:
    check_layers(analysed(f"oci-archive:{sample}"), sample, tmp_path)


def test_that_dives_own_golden_figures_come_out_of_its_test_image(shared_data: Path) -> None:
    reference = f"docker-archive:{shared_data}/images/dive-test-docker-image.tar"
    assert analysed(reference).dive == DiveFigures(
        efficiency=0.9844212134184309,
        wasted_bytes=32025,
        user_wasted_percent=0.4834911001404049,
        size_bytes=1220598,
    )
