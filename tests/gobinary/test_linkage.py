"""Linkage and where a program can run, by its interpreter and libraries."""

from __future__ import annotations

import pytest

from explorer.gobinary.linkage import LibraryVersions, Linkage
from explorer.gobinary.runtimes import ALPINE, BASE, DEBIAN, SCRATCH, STATIC, glibc_needed, runs_on
from tests.gobinary.conftest import Program
from tests.gobinary.programs import analysed, installed

_LOADER = "/lib64/ld-linux-x86-64.so.2"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_that_a_program_without_cgo_runs_everywhere(program: Program) -> None:
    binary = analysed(program("server"))
    assert binary.linkage == Linkage()
    assert all(verdict.runs for verdict in binary.runs_on())


@pytest.mark.slow
def test_that_a_position_independent_program_needs_an_interpreter_even_without_cgo(
    program: Program,
) -> None:
    binary = analysed(program("least", "-buildmode=pie"))
    assert binary.settings["CGO_ENABLED"] == "0"
    assert binary.position_independent
    assert binary.linkage == Linkage(static=False, interpreter=_LOADER)
    assert _bases(binary.linkage) == {BASE, DEBIAN}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_that_a_cgo_program_needs_the_c_library(program: Program, needs_gcc: None) -> None:
    linkage = analysed(program("server", CGO_ENABLED="1")).linkage
    assert (linkage.static, linkage.interpreter) == (False, _LOADER)
    assert "libc.so.6" in linkage.needed
    assert glibc_needed(linkage) is not None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_that_a_static_cgo_program_is_static_whatever_its_settings_say(
    program: Program, needs_gcc: None
) -> None:
    arguments = "-ldflags=-linkmode=external -extldflags=-static"
    binary = analysed(program("least", "-tags=netgo", arguments, CGO_ENABLED="1"))
    assert binary.settings["CGO_ENABLED"] == "1"
    assert _bases(binary.linkage) == {SCRATCH, STATIC, BASE, ALPINE, DEBIAN}


@pytest.mark.slow
def test_that_dockerd_names_its_libraries() -> None:
    linkage = analysed(installed("/usr/sbin/dockerd")).linkage
    assert {"libc.so.6", "libsystemd.so.0"} <= set(linkage.needed)
    assert not _bases(linkage) & {SCRATCH, STATIC, ALPINE}


def test_that_a_program_of_musl_runs_on_alpine_only() -> None:
    linkage = Linkage(False, "/lib/ld-musl-x86_64.so.1", ("libc.musl-x86_64.so.1",))
    assert _bases(linkage) == {ALPINE}


def test_that_a_missing_library_is_named() -> None:
    linkage = Linkage(False, _LOADER, ("libc.so.6", "libsqlite3.so.0", "libgcc_s.so.1"))
    reasons = {verdict.base: verdict.reason() for verdict in runs_on(linkage)}
    assert reasons[BASE] == "needs libsqlite3.so.0, libgcc_s.so.1, which this image does not have"
    assert reasons[DEBIAN] == "needs libsqlite3.so.0, which this image does not have"
    assert reasons[ALPINE] == f"needs the interpreter {_LOADER}, which this image does not have"


def test_that_a_newer_glibc_than_the_images_is_said_with_both_versions() -> None:
    versions = (LibraryVersions("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.38")),)
    linkage = Linkage(False, _LOADER, ("libc.so.6",), versions)
    assert glibc_needed(linkage) == (2, 38)
    reasons = {verdict.base: verdict.reason() for verdict in runs_on(linkage)}
    assert reasons[DEBIAN] == "needs glibc 2.38; this image has 2.36"
    assert _bases(linkage) == set()


def _bases(linkage: Linkage) -> set[str]:
    return {verdict.base for verdict in runs_on(linkage) if verdict.runs}
