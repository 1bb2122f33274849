"""Go images and projects for the rewrite, from a few lines: what the base holds, what was added, what the program can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.rewrite.change import Change, RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.plan import plan_rewrite
from explorer.dockerfile.sources import read_sources
from explorer.filesystem.layer import LayerIndex
from explorer.findings.analysis import Analysis, analyse
from explorer.image.model import Config, History
from explorer.task import Task
from tests.support.layers import Entry, directory, file, image, layer

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00"
MEGABYTE = 1_000_000
GO_ENV = (
    "PATH=/usr/local/go/bin:/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "GOPATH=/go",
    "GOTOOLCHAIN=local",
    "GOLANG_VERSION=1.27.3",
)
NAIVE = """\
FROM golang:1.27-bookworm
WORKDIR /app
COPY . .
RUN go build -o server .
CMD ["/app/server"]
"""
LIBC = 1_926_232
LOADER = 215_000
CERTIFICATES = 216_591


_GO_FILES = (
    file("/usr/local/go/VERSION", 30),
    file("/usr/local/go/bin/go", 15 * MEGABYTE, head=ELF),
    file("/usr/local/go/src/runtime/proc.go", 200_000),
    file("/usr/local/go/lib/time/zoneinfo.zip", 408_467),
    file("/etc/ssl/certs/ca-certificates.crt", CERTIFICATES),
    file("/etc/passwd", 839),
    file("/etc/group", 434),
    file("/etc/nsswitch.conf", 494),
    file("/bin/sh", 125_640, head=ELF, mode=0o755),
    file("/lib64/ld-linux-x86-64.so.2", LOADER, head=ELF),
    file("/lib/x86_64-linux-gnu/libc.so.6", LIBC, head=ELF),
)


def go_base(*more: Entry) -> LayerIndex:
    """A Debian with Go, gcc's loader, certificates, time zones and a shell."""
    zones = file("/usr/share/zoneinfo/Europe/Berlin", 2298)
    return layer(*_GO_FILES, *(more or (zones,)), diff_id="sha256:" + "0" * 64)


def base_without_zones() -> LayerIndex:
    """The same without a time zone database of the system."""
    return go_base(file("/usr/share/doc/x", 1))


def alpine_base() -> LayerIndex:
    """A small base with a shell and certificates."""
    return layer(
        file("/bin/busybox", 7 * MEGABYTE, head=ELF, mode=0o755),
        file("/etc/ssl/certs/ca-certificates.crt", CERTIFICATES),
        file("/etc/passwd", 839),
        diff_id="sha256:" + "0" * 64,
    )


def base_image(reference: str = "golang:1.27-bookworm") -> LocalImage:
    """go_base() as the engine holds it."""
    return LocalImage(
        (reference,),
        ("sha256:" + "0" * 64,),
        Config(env=GO_ENV, working_dir="/go"),
        (History("Imported from -"),),
        24 * MEGABYTE,
    )


PROGRAM = ProgramFacts(
    path="/app/server",
    size_bytes=13 * MEGABYTE,
    removable_bytes=4 * MEGABYTE,
    is_go=True,
    go_version="go1.27.3",
    main_package="example.com/web",
    module="example.com/web",
    dependencies=(),
    settings={"CGO_ENABLED": "1"},
    interpreter="/lib64/ld-linux-x86-64.so.2",
    needed=("libc.so.6",),
    uses=frozenset({"certificates"}),
    cgo_packages=("net",),
)
STATIC = replace(
    PROGRAM, static=True, interpreter="", needed=(), cgo_packages=(), settings={"CGO_ENABLED": "0"}
)
SOURCES: Mapping[str, str] = {
    "go.mod": "module example.com/web\n\ngo 1.26\n",
    "main.go": 'package main\n\nimport "net/http"\n\nfunc main() { http.ListenAndServe(":8080", nil) }\n',
}


_SERVER = file("/app/server", 13 * MEGABYTE, head=ELF, mode=0o755)
_ANALYSES: dict[object, Analysis] = {}


@dataclass(frozen=True)
class Project:
    """One image with what it was built from; change() makes variants."""

    dockerfile: str | None = NAIVE
    sources: Mapping[str, str] | None = field(default_factory=lambda: dict(SOURCES))
    own: tuple[Entry, ...] = ()
    config: Config = field(
        default_factory=lambda: Config(env=GO_ENV, cmd=("/app/server",), working_dir="/app")
    )
    facts: ProgramFacts = PROGRAM
    options: RewriteOptions = field(default_factory=RewriteOptions)
    steps: tuple[str, ...] = (
        "COPY . . # buildkit",
        "RUN /bin/sh -c go build -o server . # buildkit",
    )
    switches: Mapping[str, bool] = field(default_factory=dict)
    entry: Entry = field(default_factory=lambda: _SERVER)

    base: Callable[[], LayerIndex] = go_base

    def analysis(self) -> Analysis:
        """The image: the base, a layer of sources and files of its own, a layer with the program and build caches.

        Images that differ in nothing that an analysis sees are analysed once.
        """
        names = self.sources if self.sources is not None else SOURCES
        key = (
            tuple((name, len(text)) for name, text in names.items()),
            self.own,
            self.entry,
            repr(self.config),
            self.steps,
            self.base,
        )
        if key not in _ANALYSES:
            _ANALYSES[key] = self._analysis(names)
        return _ANALYSES[key]

    def _analysis(self, names: Mapping[str, str]) -> Analysis:
        sources = [file(f"/app/{name}", len(text)) for name, text in names.items()]
        copied = layer(directory("/app"), *sources, *self.own)
        caches = 20 if self.base is go_base else 0
        built = layer(
            self.entry,
            *(
                file(f"/root/.cache/go-build/{n:02x}/{n:02x}{'0' * 62}-a", MEGABYTE)
                for n in range(caches)
            ),
            file("/root/.config/go/telemetry/local/asm.count", 4096),
        )
        made, layers = image(
            self.base(),
            copied,
            built,
            created_by=("Imported from -", *self.steps),
            config=self.config,
        )
        return analyse(made, layers)

    def plan(self, folder: Path) -> RewritePlan:
        """The rewrite, with the sources written to `folder`."""
        sources = None
        if self.sources is not None:
            for name, text in self.sources.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            sources = read_sources(Task(), folder)
        return plan_rewrite(
            self.analysis(),
            self.dockerfile,
            sources,
            self.facts,
            self.options,
            self.switches,
            (base_image(),),
        )


def change_of(plan: RewritePlan, rule: str) -> Change:
    """The plan's change of a rule."""
    return next(change for change in plan.changes if change.rule == rule)


def rules_of(plan: RewritePlan) -> set[str]:
    """The rules that the plan has a card for."""
    return {change.rule for change in plan.changes}


def runtime_stage(plan: RewritePlan) -> list[str]:
    """The lines of the last stage."""
    lines = plan.rewritten.splitlines()
    start = max(n for n, line in enumerate(lines) if line.startswith("FROM "))
    return lines[start:]
