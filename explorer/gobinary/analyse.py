"""Analyses one executable: the steps in their order, each of which may fail and leave the others standing."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from explorer.errors import InputError, StorageError
from explorer.gobinary import problems
from explorer.gobinary.abilities import Abilities, read_abilities
from explorer.gobinary.binary import GO, NOT_GO, PACKED, GoBinary, SectionSize
from explorer.gobinary.buildinfo import BuildInfo, read_build_info
from explorer.gobinary.elf import ET_DYN, read_elf
from explorer.gobinary.elf import MAGIC as ELF_MAGIC
from explorer.gobinary.embedded import Embedded, find_embedded
from explorer.gobinary.executable import Damaged, Executable, NotAnExecutable
from explorer.gobinary.linkage import Linkage, read_linkage
from explorer.gobinary.macho import MAGICS as MACHO_MAGICS
from explorer.gobinary.macho import read_macho
from explorer.gobinary.moduledata import read_module_data
from explorer.gobinary.packages import Attribution, Remainder, attribute
from explorer.gobinary.pclntab import find_table, has_old_table
from explorer.gobinary.pe import MAGIC as PE_MAGIC
from explorer.gobinary.pe import read_pe
from explorer.gobinary.pointers import Pointers
from explorer.gobinary.sections import NOT_ANALYSED, Removable, is_stripped, removable
from explorer.gobinary.upx import Packed, read_packed
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

# What a parser of ours may meet in a damaged file, all of it bounded: see tests/gobinary/test_mutations.py.
_FAULTS = (Damaged, ValueError, IndexError, OverflowError, KeyError)
_T = TypeVar("_T")


def analyse_file(task: Task, path: Path, name: str = "") -> GoBinary:
    """Analyse an executable on disk, which is mapped, not read whole; NotAnExecutable, InputError, StorageError."""
    shown = name or display_text(str(path))
    try:
        # O_NONBLOCK: a pipe that nobody writes to would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            data = _mapped(descriptor, shown)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise InputError(
            tr("There is no file {path}.", path=shown),
            tr(
                "Check the path. An executable in an image needs both: image-explorer binary IMAGE PATH."
            ),
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StorageError(
            tr("Could not read {path}: {reason}", path=shown, reason=reason),
            tr("Check that it is a file you may read."),
        ) from error
    return analyse_binary(task, data, shown)


def _mapped(descriptor: int, name: str) -> mmap.mmap:
    state = os.fstat(descriptor)
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(state.st_mode) or not state.st_size:
        raise _not_an_executable(name)
    return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)


def analyse_binary(task: Task, data: mmap.mmap | bytes, name: str) -> GoBinary:
    """Analyse an executable; `name` is its path as people may see it. Raises NotAnExecutable for what has none of the known headers."""
    task.progress(tr("Looking into {name}", name=name))
    return _Analysis(task, _open(data, name), name).result()


def _open(data: mmap.mmap | bytes, name: str) -> Executable:
    view = memoryview(data)
    head = bytes(view[:4])
    reader: Callable[[memoryview], Executable] | None = None
    if head == ELF_MAGIC:
        reader = read_elf
    elif head in MACHO_MAGICS:
        reader = read_macho
    elif head[:2] == PE_MAGIC:
        reader = read_pe
    if reader is None:
        raise _not_an_executable(name)
    try:
        return reader(view)
    except _FAULTS as error:
        raise NotAnExecutable(
            tr(
                "{name} is not a readable executable: its header is damaged.",
                name=name,
            ),
            tr("Copy or build it again."),
        ) from error


def _not_an_executable(name: str) -> NotAnExecutable:
    return NotAnExecutable(
        tr("{name} is not an executable (ELF, PE or Mach-O).", name=name),
        tr("Name a compiled program; scripts and archives cannot be looked into."),
    )


class _Analysis:
    """The steps, and what they find wrong."""

    def __init__(self, task: Task, exe: Executable, name: str) -> None:
        self.task, self.exe, self.name = task, exe, name
        self.codes = list(exe.problems)
        self.abilities = Abilities()

    def note(self, code: str) -> None:
        if code not in self.codes:
            self.codes.append(code)

    def tried(self, step: Callable[[], _T], otherwise: _T) -> _T:
        """A step's result; `otherwise`, with a note, when the file contradicts itself there."""
        self.task.checkpoint()
        try:
            return step()
        except _FAULTS:
            self.note(problems.DAMAGED)
            return otherwise

    def result(self) -> GoBinary:
        exe = self.exe
        packed = self.tried(lambda: read_packed(exe), None)
        info = None if packed else self.tried(lambda: read_build_info(exe), None)
        analysed = exe.format == "elf" and not packed
        parts = Attribution((), (Remainder(NOT_ANALYSED, len(exe.data)),), ())
        embedded = Embedded((), ())
        if analysed:
            embedded, parts = self._bytes(info or BuildInfo(""))
        self._explain(info, packed, analysed=analysed)
        known = info or BuildInfo("")
        return GoBinary(
            path=self.name,
            size_bytes=len(exe.data),
            state=PACKED if packed else GO if info or parts.packages else NOT_GO,
            format=exe.format,
            arch=exe.arch,
            bits=exe.bits,
            big_endian=exe.big_endian,
            position_independent=exe.format == "elf" and exe.kind == ET_DYN,
            analysed=analysed,
            go_version=known.go_version,
            main_package=known.path,
            module=known.main,
            dependencies=known.dependencies,
            settings=known.settings,
            linkage=self.tried(lambda: read_linkage(exe), Linkage()),
            stripped=analysed and is_stripped(exe),
            sections=tuple(SectionSize(s.name, s.bytes, s.alloc) for s in exe.sections),
            removable=removable(exe) if analysed else Removable(),
            packages=parts.packages,
            unattributed=parts.unattributed,
            embedded_files=embedded.files,
            init_packages=parts.init_packages,
            packed=packed,
            problem_codes=tuple(self.codes),
            uses=self.abilities.uses,
            cgo_packages=self.abilities.cgo_packages,
            sqlite_stub=self.abilities.sqlite_stub and known.settings.get("CGO_ENABLED") == "0",
        )

    def _bytes(self, info: BuildInfo) -> tuple[Embedded, Attribution]:
        """Embedded files, and every byte's owner."""
        exe = self.exe
        nothing = Embedded((), ())
        table = self.tried(lambda: find_table(exe), None)
        if table is not None or info.go_version:
            self.abilities = self.tried(lambda: read_abilities(exe, table), Abilities())
        if table is None:
            if info.go_version:
                old = self.tried(lambda: has_old_table(exe), otherwise=False)
                self.note(problems.OLD_FUNCTION_TABLE if old else problems.NO_FUNCTION_TABLE)
            return nothing, attribute(exe, info, None, None, nothing)
        pointers = Pointers(exe)
        self.task.checkpoint()
        module_data = self.tried(lambda: read_module_data(pointers, table, info.go_version), None)
        embedded = self.tried(lambda: find_embedded(pointers), nothing)
        self.task.checkpoint()
        try:
            return embedded, attribute(exe, info, table, module_data, embedded)
        except _FAULTS:
            self.note(problems.NO_FUNCTION_TABLE)
            return embedded, attribute(exe, info, None, None, embedded)

    def _explain(self, info: BuildInfo | None, packed: Packed | None, *, analysed: bool) -> None:
        if packed:
            self.note(problems.PACKED)
        elif info is None:
            self.note(problems.NO_BUILD_INFO)
        elif info.dependencies is None:
            self.note(problems.DEPENDENCIES_UNAVAILABLE)
        if not packed and not analysed:
            self.note(problems.FORMAT_NOT_ANALYSED)
        if analysed and not self.exe.sections:
            self.note(problems.NO_SECTIONS)
