"""ELF headers of all sizes and byte orders, against pyelftools and on files that lie."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from explorer.errors import ExplorerError
from explorer.gobinary.analyse import analyse_binary, analyse_file
from explorer.gobinary.binary import GO, NOT_GO, PACKED, GoBinary
from explorer.gobinary.elf import read_elf
from explorer.gobinary.executable import NotAnExecutable
from explorer.gobinary.linkage import Linkage
from explorer.task import Cancelled, Task
from tests.gobinary.conftest import Program
from tests.gobinary.elves import Part, buildinfo, elf
from tests.gobinary.programs import PACKAGED, installed

_INFO = Part(
    ".go.buildinfo", buildinfo("go1.26", "path\ta.b/c\nmod\ta.b/c\tv1.0.0\t\n"), alloc=True
)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("bits", [32, 64])
def test_that_both_sizes_and_byte_orders_are_read(bits: int, big: bool) -> None:
    machine = 8 if big else 62
    data = elf(_INFO, Part(".symtab", b"s" * 48, kind=2), bits=bits, big=big, machine=machine)
    binary = _analysed(data)
    arch = {(32, True): "mips", (64, True): "mips64"}.get((bits, big), "amd64")
    assert (binary.bits, binary.big_endian, binary.arch) == (bits, big, arch)
    assert (binary.state, binary.go_version) == (GO, "go1.26")
    assert [(s.name, s.alloc) for s in binary.sections] == [
        (".go.buildinfo", True), (".symtab", False), (".shstrtab", False),
    ]  # fmt: skip
    assert binary.removable.symbol_bytes == 48


def test_that_without_section_headers_the_build_information_is_still_found() -> None:
    binary = _analysed(elf(_INFO, sections=False))
    assert (binary.go_version, binary.sections) == ("go1.26", ())
    assert "no-sections" in binary.problem_codes


@pytest.mark.parametrize("path", [*PACKAGED, "/bin/ls"])
def test_that_sections_are_those_that_pyelftools_reads(path: str) -> None:
    with open(installed(path), "rb") as file:
        ours = read_elf(memoryview(file.read()))
        theirs = [
            (s.name, s["sh_offset"], s["sh_size"], s["sh_addr"], s["sh_flags"])
            for s in ELFFile(file).iter_sections()
        ][1:]
    assert [(s.name, s.offset, s.size, s.address, s.flags) for s in ours.sections] == theirs


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["amd64", "386", "arm64", "mips", "s390x"])
def test_that_sections_and_segments_of_other_processors_are_those_that_pyelftools_reads(
    program: Program, arch: str
) -> None:
    with open(program("tiny", GOARCH=arch), "rb") as file:
        ours = read_elf(memoryview(file.read()))
        theirs = ELFFile(file)
        sections = [(s.name, s["sh_offset"], s["sh_size"]) for s in theirs.iter_sections()][1:]
        segments = [
            (s["p_offset"], s["p_filesz"], s["p_vaddr"])
            for s in theirs.iter_segments()
            if s["p_type"] == "PT_LOAD"
        ]
    assert ours.arch == arch
    assert [(s.name, s.offset, s.size) for s in ours.sections] == sections
    assert [(s.offset, s.bytes, s.address) for s in ours.segments] == sorted(
        segments, key=lambda s: s[2]
    )


def test_that_a_cut_file_says_so() -> None:
    data = elf(_INFO, Part(".data", bytes(4000), alloc=True, declared=9000))
    assert "truncated" in _analysed(data).problem_codes


@pytest.mark.parametrize("keep", [0, 3, 4, 16, 19, 40, 63])
def test_that_a_file_cut_inside_its_first_header_is_no_executable(keep: int) -> None:
    with pytest.raises(NotAnExecutable):
        _analysed(elf(_INFO)[:keep])


def test_that_a_script_is_no_executable(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("#!/bin/sh\n")
    with pytest.raises(NotAnExecutable, match="not an executable"):
        analyse_file(Task(), tmp_path / "run")


def test_that_an_empty_file_and_a_folder_are_errors_for_people(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name in ("empty", "", "missing", "pipe"):
        with pytest.raises(ExplorerError) as raised:
            analyse_file(Task(), tmp_path / name)
        assert raised.value.hint


def test_that_more_sections_than_the_file_can_hold_are_not_believed() -> None:
    data = bytearray(elf(_INFO))
    struct.pack_into("<H", data, 60, 0)
    start = struct.unpack_from("<Q", data, 40)[0]
    struct.pack_into("<Q", data, start + 32, 1 << 40)
    binary = _analysed(bytes(data))
    assert "bad-sections" in binary.problem_codes
    assert len(binary.sections) < 10


def test_that_a_segment_table_that_maps_the_file_often_is_cut() -> None:
    many = [(1, 4, 0, 0x10000000 + n * 0x10000, 4096) for n in range(100)]
    binary = _analysed(elf(Part(".text", bytes(8000), alloc=True), programs=many))
    assert "bad-program-headers" in binary.problem_codes


def test_that_a_program_in_another_language_has_its_bytes_by_section() -> None:
    binary = _analysed(
        elf(Part(".text", bytes(4096), alloc=True, flags=4), Part(".debug_info", bytes(64)))
    )
    assert (binary.state, binary.packages) == (NOT_GO, ())
    rows = {row.reason: row.bytes for row in binary.unattributed}
    assert (rows["code"], rows["debug"]) == (4096, 64)
    assert sum(rows.values()) == binary.size_bytes


def test_that_an_interpreter_makes_a_program_dynamic() -> None:
    loader = b"/lib/ld-musl-x86_64.so.1\0"
    data = elf(Part(".interp", loader, alloc=True), programs=[(3, 4, 64 + 2 * 56, 0, len(loader))])
    linkage = _analysed(data).linkage
    assert linkage == Linkage(static=False, interpreter="/lib/ld-musl-x86_64.so.1")


def test_that_a_packed_program_tells_its_size_before() -> None:
    header = struct.pack("<I4sHBB", 0, b"UPX!", 0, 13, 22) + struct.pack("<III", 0, 5_000_000, 4096)
    data = elf(sections=False)
    packed = data[: 64 + 56] + header + data[64 + 56 :] + bytes(3000)
    binary = _analysed(packed)
    assert binary.state == PACKED
    assert binary.packed is not None
    assert binary.packed.original_bytes == 5_000_000
    assert [row.reason for row in binary.unattributed] == ["not-analysed"]
    assert "upx -d" in binary.problems()[0]


@pytest.mark.slow
@pytest.mark.parametrize(("system", "arch", "kind"), [("windows", "amd64", "pe"), ("darwin", "arm64", "macho"), ("windows", "386", "pe")])  # fmt: skip
def test_that_programs_of_other_systems_keep_their_build_information_and_the_rest_is_not_analysed(
    program: Program, system: str, arch: str, kind: str
) -> None:
    binary = analyse_file(Task(), program("least", GOOS=system, GOARCH=arch))
    assert (binary.format, binary.arch, binary.state, binary.analysed) == (kind, arch, GO, False)
    assert binary.settings["GOOS"] == system
    assert [(row.reason, row.bytes) for row in binary.unattributed] == [
        ("not-analysed", binary.size_bytes)
    ]
    assert binary.problem_codes == ("format-not-analysed",)
    assert binary.runs_on() == ()


def test_that_a_cancelled_task_ends_the_analysis() -> None:
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        analyse_binary(task, elf(_INFO), "x")


@pytest.mark.parametrize(
    "name", ["hostile/29-elf-bogus-shentsize.elf", "hostile-generated/elf_shnum_2p40.elf", "hostile-generated/elf_symtab_2p40.elf", "hostile-generated/elf_zbomb1g.elf"]
)  # fmt: skip
def test_that_hostile_files_of_the_corpus_are_described_within_their_own_size(
    shared_data: Path, name: str
) -> None:
    path = shared_data / name
    try:
        binary = analyse_file(Task(), path)
    except NotAnExecutable:
        return
    assert sum(row.bytes for row in binary.unattributed) == binary.size_bytes == path.stat().st_size
    assert binary.removable.total_bytes <= binary.size_bytes
    assert binary.state == NOT_GO


def _analysed(data: bytes) -> GoBinary:
    binary = analyse_binary(Task(), data, "program")
    rest = sum(row.bytes for row in binary.unattributed)
    assert binary.attributed_bytes + rest == binary.size_bytes == len(data)
    return binary
