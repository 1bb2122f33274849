"""Compiles resources/native/floor.c for amd64 and arm64 with Zig's compiler (PyPI: ziglang); run after a change to it.

    python packaging/build_native.py [FOLDER]      default: resources/native

The programs are three kilobytes each and part of the repository, so that building or installing the package needs no
compiler of 400 MB; a test compiles them anew and compares the bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "resources" / "native" / "floor.c"
# OCI architecture -> Zig target without any C library
TARGETS = {"amd64": "x86_64-linux-none", "arm64": "aarch64-linux-none"}
_OPTIONS = [
    "-static",
    "-nostdlib",
    "-ffreestanding",
    "-fno-builtin",
    "-fno-stack-protector",
    "-fno-sanitize=all",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-Os",
    "-s",
    "-std=gnu17",
    "-Wall",
    "-Wextra",
    "-Werror",
]


def build(folder: Path) -> list[Path]:
    """Compile both programs into `folder` and return their paths; raises CalledProcessError when Zig refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    built = []
    for architecture, target in TARGETS.items():
        program = folder / f"floor-{architecture}"
        # An empty folder to work in: neither its path nor an old cache gets into the program.
        with tempfile.TemporaryDirectory() as work:
            command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *_OPTIONS]
            subprocess.run(
                [*command, "-o", "floor", str(SOURCE)],
                check=True,
                cwd=work,
                env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": work, "ZIG_LOCAL_CACHE_DIR": work},
            )
            program.write_bytes((Path(work) / "floor").read_bytes())
        program.chmod(0o755)
        built.append(program)
    return built


if __name__ == "__main__":
    for path in build(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE.parent):
        print(path, path.stat().st_size, "bytes")
