"""What -s -w would save, against what it does save."""

from __future__ import annotations

import gzip

import pytest

from explorer.gobinary.elf import SHT_NOBITS, SHT_SYMTAB
from explorer.gobinary.executable import Executable, Section
from explorer.gobinary.sections import Removable, is_stripped, removable
from tests.gobinary.conftest import Program
from tests.gobinary.programs import analysed

_WAYS = {
    "static": ((), {}),
    "plain-dwarf": (("-ldflags=-compressdwarf=false",), {}),
    "trimpath": (("-trimpath",), {}),
    "pie": (("-buildmode=pie",), {}),
    "arm64": ((), {"GOARCH": "arm64"}),
    "386": ((), {"GOARCH": "386"}),
    "s390x": ((), {"GOARCH": "s390x"}),
    "mips": ((), {"GOARCH": "mips"}),
    "cgo": ((), {"CGO_ENABLED": "1"}),
    "race": (("-race",), {"CGO_ENABLED": "1"}),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", _WAYS)
def test_that_the_prediction_is_within_a_thousandth_of_a_rebuild(
    program: Program, needs_gcc: None, way: str
) -> None:
    arguments, env = _WAYS[way]
    kept = [text for text in arguments if not text.startswith("-ldflags")]
    source = "server" if way in ("static", "cgo") else "tiny"
    full = program(source, *arguments, **env)
    small = program(source, *kept, "-ldflags=-s -w", **env)
    before, after = analysed(full), analysed(small)
    saved = before.size_bytes - after.size_bytes
    assert abs(saved - before.removable.total_bytes) <= 0.001 * before.size_bytes
    assert (before.stripped, after.stripped) == (False, True)
    assert after.removable == Removable()


@pytest.mark.slow
def test_that_the_compressed_estimate_is_near_what_gzip_takes(program: Program) -> None:
    full, small = program("server"), program("server", "-ldflags=-s -w")
    packed = [len(gzip.compress(path.read_bytes(), 6)) for path in (full, small)]
    estimate = analysed(full).removable.compressed_bytes
    assert estimate == pytest.approx(packed[0] - packed[1], rel=0.05)


@pytest.mark.slow
def test_that_w_alone_leaves_the_symbols_to_remove(program: Program) -> None:
    binary = analysed(program("server", "-ldflags=-w"))
    assert binary.removable.dwarf_bytes == 0
    assert binary.removable.symbol_bytes > 100_000
    assert not binary.stripped


def test_that_dynamic_symbols_and_loaded_sections_are_kept() -> None:
    loaded = [
        _section(".dynsym", alloc=True),
        _section(".dynstr", alloc=True),
        _section(".strtab", alloc=True),
    ]
    notes = [_section(".shstrtab"), _section(".comment")]
    exe = _executable(*loaded, *notes)
    assert removable(exe) == Removable()
    assert is_stripped(exe)


def test_that_symbols_and_debug_sections_are_told_apart() -> None:
    exe = _executable(
        _section(".symtab", kind=SHT_SYMTAB), _section(".strtab"), _section(".debug_info"), _section(".zdebug_line")
    )  # fmt: skip
    found = removable(exe)
    assert (found.symbol_bytes, found.dwarf_bytes, found.total_bytes) == (20, 20, 40)
    assert not is_stripped(exe)


def test_that_debug_sections_that_name_the_same_bytes_cannot_exceed_the_file() -> None:
    many = [Section(f".debug_{n}", 0, 1000, 0, alloc=False) for n in range(50)]
    assert removable(_executable(*many)).total_bytes == 1000


def test_that_a_compressed_section_counts_by_what_it_takes_in_the_file() -> None:
    section = Section(".debug_info", 0, 10, 0, alloc=False, flags=0x800, size=1 << 40)
    assert removable(_executable(section)).dwarf_bytes == 10


def test_that_a_section_without_bytes_in_the_file_saves_nothing() -> None:
    section = Section(".debug_info", 0, 0, 0, alloc=False, kind=SHT_NOBITS, size=1 << 20)
    assert removable(_executable(section)) == Removable()


def _section(name: str, *, alloc: bool = False, kind: int = 1) -> Section:
    return Section(name, 100, 10, 0, alloc=alloc, kind=kind, size=10)


def _executable(*sections: Section) -> Executable:
    return Executable(memoryview(bytes(1000)), "elf", "amd64", 64, False, sections)
