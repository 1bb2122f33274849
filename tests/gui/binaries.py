"""Executables made by hand for the window's tests."""

from __future__ import annotations

from explorer.gobinary.binary import GO, NOT_GO, PACKED, GoBinary, SectionSize
from explorer.gobinary.buildinfo import Module
from explorer.gobinary.embedded import EmbeddedFile
from explorer.gobinary.modules import DEPENDENCY, MAIN, STANDARD
from explorer.gobinary.packages import InitPackage, Package, Remainder
from explorer.gobinary.sections import Removable
from explorer.gobinary.upx import Packed


def shop() -> GoBinary:
    """A program of 1,000 bytes with two dependencies, one of them replaced, and every kind of bytes."""
    return GoBinary(
        path="/usr/local/bin/shop",
        size_bytes=1000,
        state=GO,
        format="elf",
        arch="amd64",
        bits=64,
        go_version="go1.27.3",
        main_package="example.com/shop/cmd",
        module=Module("example.com/shop", "v1.2.0"),
        dependencies=(
            Module("github.com/a/b", "v0.1.0", "h1:b="),
            Module("gopkg.in/yaml.v3", "v3.0.0", "h1:y=", Module("./<b>fork</b>")),
        ),
        settings={"CGO_ENABLED": "0", "GOARCH": "amd64"},
        sections=(
            SectionSize(".text", 500, alloc=True),
            SectionSize(".bss", 0, alloc=True),
            SectionSize(".debug_info", 200, alloc=False),
            SectionSize(".symtab", 100, alloc=False),
        ),
        removable=Removable(100, 200, 150),
        packages=(
            Package("github.com/a/b/deep", "github.com/a/b", DEPENDENCY, 100, 50),
            Package("gopkg.in/yaml.v3", "gopkg.in/yaml.v3", DEPENDENCY, 80, 20),
            Package("runtime", "std", STANDARD, 60, 40),
            Package("github.com/a/b", "github.com/a/b", DEPENDENCY, 50, 0),
            Package("main", "example.com/shop", MAIN, 30, 10),
        ),
        unattributed=(
            Remainder("debug", 200), Remainder("read-only-data", 150), Remainder("symbols", 100),
            Remainder("embedded-files", 60), Remainder("headers", 50),
        ),
        embedded_files=(EmbeddedFile("assets/a.css", 20), EmbeddedFile("assets/b.js", 40)),
        init_packages=(InitPackage("runtime", 40), InitPackage("github.com/a/b", 5)),
    )  # fmt: skip


def foreign() -> GoBinary:
    """A program in another language."""
    return GoBinary(
        path="/bin/ls",
        size_bytes=300,
        state=NOT_GO,
        format="elf",
        arch="arm64",
        bits=64,
        stripped=True,
        sections=(SectionSize(".text", 300, alloc=True),),
        unattributed=(Remainder("code", 300),),
        problem_codes=("no-build-info",),
    )


def packed() -> GoBinary:
    """A program packed with UPX."""
    return GoBinary(
        path="/app",
        size_bytes=400,
        state=PACKED,
        format="elf",
        arch="amd64",
        bits=64,
        analysed=False,
        unattributed=(Remainder("not-analysed", 400),),
        packed=Packed(1_500_000),
        problem_codes=("packed",),
    )
