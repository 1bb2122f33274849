"""Embedded files, listed without symbols."""

from __future__ import annotations

import pytest

from explorer.gobinary.embedded import EmbeddedFile
from tests.gobinary.conftest import Program
from tests.gobinary.programs import SOURCES, analysed, installed

_WAYS = {
    "static": ((), {}),
    "stripped": (("-ldflags=-s -w",), {}),
    "pie": (("-buildmode=pie", "-ldflags=-s -w"), {}),
    "arm64": ((), {"GOARCH": "arm64"}),
    "386": ((), {"GOARCH": "386"}),
    "s390x": ((), {"GOARCH": "s390x"}),
    "mips": ((), {"GOARCH": "mips"}),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", _WAYS)
def test_that_embedded_files_are_listed_with_their_sizes(program: Program, way: str) -> None:
    arguments, env = _WAYS[way]
    notes = sorted((SOURCES / "tiny/notes").iterdir())
    sizes = [note.stat().st_size for note in notes]
    binary = analysed(program("tiny", *arguments, **env))
    assert binary.embedded_files == tuple(
        EmbeddedFile(f"notes/{note.name}", size) for note, size in zip(notes, sizes, strict=True)
    )
    assert binary.embedded_bytes == sum(sizes)


@pytest.mark.slow
def test_that_a_program_that_embeds_nothing_lists_nothing(program: Program) -> None:
    assert analysed(program("least")).embedded_files == ()


def test_that_the_schemas_in_dockers_client_are_found() -> None:
    binary = analysed(installed("/usr/local/bin/docker"))
    names = {file.name.rpartition("/")[2] for file in binary.embedded_files}
    assert "config_schema_v3.9.json" in names
