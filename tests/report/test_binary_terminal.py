"""Go executables on the terminal: in an image's summary, and one by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explorer.findings.analysis import analyse
from explorer.findings.binary import debug_finding, image_binary
from explorer.gobinary.binary import GO, PACKED, GoBinary
from explorer.gobinary.packages import Package, Remainder
from explorer.gobinary.sections import Removable
from explorer.gobinary.upx import Packed
from explorer.report.binary_terminal import print_binary
from explorer.report.terminal import print_summary
from tests.support.layers import image, layer, program

_SHOP = GoBinary(
    path="/app/shop",
    size_bytes=9_000_000,
    state=GO,
    format="elf",
    arch="amd64",
    bits=64,
    go_version="go1.27.3",
    settings={"CGO_ENABLED": "1"},
    removable=Removable(1_000_000, 2_000_000, 2_500_000),
    packages=(Package("main", "example.com/shop", "main", 4_000_000, 1_000_000),),
    unattributed=(Remainder("debug", 2_000_000), Remainder("symbols", 1_000_000), Remainder("headers", 1_000_000)),
)  # fmt: skip
_PACKED = replace(
    _SHOP, path="/app/small", state=PACKED, analysed=False, go_version="", packed=Packed(5_000_000), removable=Removable()
)  # fmt: skip


def test_that_an_images_summary_lists_its_go_executables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    analysis = analyse(*image(layer(program("/app/shop", 9_000_000))))
    binaries = tuple(image_binary(item, 0, 0, "") for item in (_SHOP, _PACKED))
    print_summary(replace(analysis, go_binaries=binaries))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["9.0", "MB", "3.0", "MB", "go1.27.3", "/app/shop"] in lines
    assert ["9.0", "MB", "–", "packed", "with", "UPX", "/app/small"] in lines


def test_that_an_image_without_go_executables_has_no_list_of_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_summary(analyse(*image(layer(program("/app/shop", 9_000_000)))))
    assert "Go executables" not in capsys.readouterr().out


def test_that_the_finding_counts_each_executables_symbols_and_debug_information() -> None:
    small = replace(_SHOP, path="/b", removable=Removable(4_000, 5_000))
    binaries = [
        image_binary(item, row, row, "") for row, item in enumerate((small, _SHOP, _PACKED))
    ]
    finding = debug_finding(binaries)
    assert finding is not None
    # What is too little to be worth a line is left out.
    assert (finding.bytes, finding.layer, finding.rows.tolist()) == (3_000_000, 1, [1])
    assert "3,000,000 bytes" in finding.reason()
    assert debug_finding([binaries[0], binaries[2]]) is None


def test_that_one_executable_is_summed_up_with_what_it_is_made_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_binary(_SHOP)
    printed = capsys.readouterr().out
    assert "not stripped: 3.0 MB of symbols and debug information (33.3%" in printed
    rows = [line.split() for line in printed.splitlines()]
    assert ["example.com/shop", "5.0", "MB", "█" * 20, "55.6%", "1"] in rows
    print_binary(_PACKED)
    assert "unpacked, it has 5.0 MB" in capsys.readouterr().out
