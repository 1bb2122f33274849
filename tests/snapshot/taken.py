"""Snapshots for the tests: of images made of readable lines, written to a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.rewrite.change import RewriteOptions
from explorer.dockerfile.rewrite.files import RewriteFiles
from explorer.dockerfile.rewrite.plan import plan_rewrite
from explorer.findings.analysis import Analysis, analyse
from explorer.gobinary.binary import GO, GoBinary
from explorer.gobinary.packages import Package, Remainder
from explorer.image.model import Config
from explorer.snapshot.container import SUFFIX
from explorer.snapshot.model import RecordedRewrite, Snapshot
from explorer.snapshot.origin import Origin
from explorer.snapshot.writing import write_snapshot
from tests.coldstart.samples import sample
from tests.support.layers import directory, elf, file, hardlink, image, layer, symlink, whiteout

DOCKERFILE = """\
FROM golang:1.27
WORKDIR /src
COPY . .
RUN go build -o /app/server .
CMD ["/app/server"]
"""
ORIGIN = Origin("image-explorer 0.1.0", "2026-11-25T22:40:00Z", "A CPU", 2, "Linux 6.1", "x86_64")
BINARY = GoBinary(
    path="/app/server",
    size_bytes=5000,
    state=GO,
    format="elf",
    arch="amd64",
    bits=64,
    go_version="go1.27.3",
    main_package="example.org/server",
    settings={"CGO_ENABLED": "0"},
    packages=(Package("main", "example.org/server", "main", 3000, 500),),
    unattributed=(Remainder("padding", 1500),),
)


def before() -> Analysis:
    """A naive Go image: sources and tools that stay, a file deleted later, links, a name that is no UTF-8."""
    made, layers = image(
        layer(
            file("/usr/local/go/bin/go", 9000, mode=0o755, head=elf()),
            file("/etc/motd", 40, head=b"welcome to secrets"),
            symlink("/lib", "usr/lib"),
            directory("/tmp", 0o1777),
            diff_id="sha256:" + "1" * 64,
        ),
        layer(
            file("/src/main.go", 700, head=b"package main"),
            file(b"/src/caf\xe9.bin", 300, head=b"\x1f\x8b\x08secret"),
            file("/src/run.sh", 60, mode=0o755, head=b"#!/bin/sh\nexport KEY"),
        ),
        layer(
            file("/app/server", 5000, mode=0o755, head=elf()),
            hardlink("/app/again", "/app/server"),
            whiteout("/etc/motd"),
        ),
        created_by=("FROM base", "COPY . . # TOKEN=ghp_abcdefghijklmnopqrstuvwx", "RUN go build"),
        config=Config(
            env=("PATH=/usr/local/go/bin:/bin", "API_TOKEN=hunter2hunter2"),
            cmd=("/app/server",),
            working_dir="/src",
        ),
    )
    return analyse(made, layers, via="export", problems=["read /home/ann/.cache/x"])


def after() -> Analysis:
    """The same service alone in its image."""
    made, layers = image(
        layer(file("/app/server", 4000, content="stripped", mode=0o755, head=elf())),
        created_by=("COPY --from=build /app/server /app/server",),
        config=Config(cmd=("/app/server",)),
    )
    return analyse(replace(made, id="sha256:" + "cd" * 32, tags=("test:small",)), layers)


def pair(folder: Path) -> tuple[str, str]:
    """References of the snapshots of before() and after()."""
    made = (taken(folder, "before"), taken(folder, "after", snapshot(after())))
    return f"snapshot:{made[0]}", f"snapshot:{made[1]}"


def rewrite(analysis: Analysis) -> RecordedRewrite:
    """A rewrite planned from a Dockerfile, and from facts of its program."""
    facts = ProgramFacts("/app/server", 5000, 1000, is_go=True, static=True)
    images = (LocalImage(("golang:1.27",), ("sha256:" + "1" * 64,)),)
    files = RewriteFiles(DOCKERFILE, "/home/ann/web/Dockerfile")
    options = RewriteOptions()
    plan = plan_rewrite(analysis, DOCKERFILE, None, facts, options, None, images)
    return RecordedRewrite(facts, images, files, options, plan)


def snapshot(analysis: Analysis | None = None) -> Snapshot:
    """A snapshot with every part filled in."""
    analysis = before() if analysis is None else analysis
    measured = sample((0.8, 0.82, 0.79), (0.4, 0.42, 0.39))
    environment = replace(
        measured.environment, host="annes-laptop", endpoint="unix:///home/ann/docker.sock"
    )
    return Snapshot(
        origin=ORIGIN,
        analysis=analysis,
        binaries={"ab" * 16: BINARY},
        rewrite=rewrite(analysis),
        samples=(replace(measured, environment=environment, note="kept in /home/ann/x"),),
    )


def taken(folder: Path, name: str = "web", of: Snapshot | None = None) -> Path:
    """The file of a snapshot."""
    path = folder / f"{name}{SUFFIX}"
    write_snapshot(path, snapshot() if of is None else of)
    return path
