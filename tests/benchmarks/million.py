"""A layer of a million small files: wall seconds, entries per second and the peak memory of all processes together.

    python -m tests.benchmarks.million [--files 1000000] [--runs 1] [--keep FOLDER]

Makes its input itself, in a temporary folder: a docker-archive of one layer. Figures to reach: 1,000,000 files in at
most 20 s and 900 MB, 35,000 files in at most 250 MB and, the second time, in at most 0.6 s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from tests.benchmarks.measure import Run, machine, run

PROGRAM = str(Path(sys.executable).with_name("image-explorer"))
# Files of one directory; a Go module cache or node_modules has about as many.
_SIBLINGS = 40
_PAYLOAD = b"package main // %d\n"


def main() -> None:
    """Make the input, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--keep", help="folder in which the input is kept for the next time")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(chosen.keep or folder) / f"{chosen.files}.tar"
        if not archive.exists():
            write_archive(archive, chosen.files)
        print(machine())
        for _ in range(chosen.runs):
            with tempfile.TemporaryDirectory() as cache:
                env = {"IMAGE_EXPLORER_CACHE_DIR": cache}
                command = [PROGRAM, "analyze", f"docker-archive:{archive}"]
                _print("cold cache", chosen.files, run(command, env))
                _print("second time", chosen.files, run(command, env))


def _print(name: str, files: int, measured: Run) -> None:
    rate = files / measured.seconds
    print(
        f"{files:>9,} files, {name:<12} {measured.seconds:7.2f} s  {rate:9,.0f} entries/s"
        f"  peak {measured.peak_bytes / 1e6:4.0f} MB  exit {measured.code}"
    )


def write_archive(path: Path, files: int) -> None:
    """A docker-archive whose only layer holds that many small files."""
    layer = path.with_suffix(".layer")
    digest = _write_layer(layer, files)
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created_by": f"COPY {files} files"}],
        }
    ).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [f"million:{files}"], "Layers": ["layer/layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        archive.add(layer, "layer/layer.tar")
        for member, data in ((name, config), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
    layer.unlink()


def _write_layer(path: Path, files: int) -> str:
    """Write the layer's tar and return its sha256; headers are patched copies, tarfile would take minutes."""
    header = tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT)
    with path.open("wb") as file:
        for number in range(files):
            module = number // _SIBLINGS
            folder = b"srv/%03d/module-%06d" % (module // 100, module)
            if number % _SIBLINGS == 0:
                file.write(_header(header, folder + b"/", b"5", 0))
            data = _PAYLOAD % number
            name = b"%s/file_%07d.go" % (folder, number)
            file.write(_header(header, name, b"0", len(data)) + data.ljust(512, b"\0"))
        file.write(bytes(1024))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _header(model: bytes, name: bytes, kind: bytes, size: int) -> bytes:
    block = bytearray(model)
    block[:100] = name.ljust(100, b"\0")
    block[124:136] = b"%011o\0" % size
    block[148:157] = b" " * 8 + kind
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


if __name__ == "__main__":
    main()
