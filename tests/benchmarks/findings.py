"""Measures how long a million paths take to be named, searched for waste and filtered, and what memory that takes.

python -m tests.benchmarks.findings [PATHS]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.filesystem.union import Stack, stack_layers
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.catalogue import find
from explorer.findings.classify import classify
from explorer.findings.query import parse_query
from explorer.findings.rules import load_rules
from explorer.image.model import Config, History, Image, Layer
from tests.benchmarks.measure import machine

# Paths of each million, by what a Go image is made of; {i} and {h} are a number and its 64 hex digits.
_T = TypeVar("_T")
_SHAPE = (
    (0, 0.10, "usr/lib/python3/dist-packages/package{d}/module{i}.py"),
    (0, 0.05, "usr/share/doc/package{d}/file{i}.gz"),
    (0, 0.05, "usr/include/group{d}/header{i}.h"),
    (0, 0.10, "usr/local/go/src/package{d}/file{i}.go"),
    (1, 0.35, "go/pkg/mod/example.org/module{d}@v1.2.3/internal/file{i}.go"),
    (2, 0.20, "root/.cache/go-build/{xx}/{h}-d"),
    (2, 0.10, "app/pkg/service{d}/file{i}.go"),
    (3, 0.05, "app/pkg/service{d}/file{i}.go"),
)


def build(paths: int) -> list[LayerIndex]:
    """Four layers with that many files in all; the last one writes some of the third again."""
    layers = []
    for number in range(4):
        builder = LayerBuilder()
        for layer, share, form in _SHAPE:
            if layer == number:
                for i in range(int(paths * share)):
                    name = f"{i * 2654435761 % 2**32:064x}"
                    path = form.format(i=i, d=i // 50, h=name, xx=name[-2:])
                    digest = (i + number).to_bytes(16, "little")
                    builder.add(path.encode(), Kind.FILE, size=100 + i % 9000, digest=digest)
        layers.append(builder.finish(complete=True))
    return layers


def image(layers: list[LayerIndex]) -> Image:
    """An image of these layers that runs /app/server."""
    described = tuple(
        Layer(i, f"sha256:{i:064x}", history=History(f"RUN step {i}")) for i in range(len(layers))
    )
    config = Config(env=("GOPATH=/go",), entrypoint=("/app/server",), working_dir="/app")
    return Image("synthetic", "sha256:0", config=config, layers=described)


def _timed(name: str, work: Callable[[], _T]) -> _T:
    before = _memory()
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    print(f"{name:38} {seconds:7.3f} s   peak +{(_memory() - before) >> 20:4d} MB")
    return result


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(paths: int) -> None:
    """Print the figures."""
    print(machine())
    layers = build(paths)
    described = image(layers)
    print(f"{sum(map(len, layers)):,} entries in {len(layers)} layers, {_memory() >> 20} MB so far")
    stack: Stack = _timed("union", lambda: stack_layers(layers))
    rules = _timed("rules", lambda: load_rules(described.config))
    category, rule = _timed("classify", lambda: classify(stack, described.config, rules))
    found = _timed("find", lambda: find(stack, category, rule, described, rules))
    print("   ", ", ".join(f"{finding.title()} {finding.bytes:,}" for finding in found))
    analysis: Analysis = analyse(described, dict(enumerate(layers)))
    for text in ("", "file12", "*.go", "service7 -*.go", "/go/pkg/**/*.go", "size>8k", "dup:yes",
                 "cat:cache", "file[0-9]*9.go", "*1*2*"):  # fmt: skip
        rows = partial(parse_query(text).rows, analysis)
        _timed(f"filter {text!r}, first time", rows)
        _timed(f"filter {text!r}", rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
