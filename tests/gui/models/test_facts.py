"""What the details say of an entry."""

from __future__ import annotations

import pytest

from explorer.filesystem.union import view
from explorer.findings.analysis import Analysis, analyse
from explorer.gui.models import facts
from explorer.gui.models.magic import content_type
from explorer.workflow.payloads import Payload
from tests.gui.inputs import ELF, everything
from tests.support.layers import file, hardlink, image, layer, whiteout

pytestmark = pytest.mark.gui


def _form(analysis: Analysis, path: bytes, version: int = -1) -> dict[str, str]:
    """The facts of a path, of its newest row unless another is chosen."""
    node = analysis.stack.tree.find(path)
    row = int(analysis.stack.rows_at(node)[version])
    shown = view(analysis.stack, analysis.stack.merged())
    return {fact.key: fact.value for fact in facts.entry_facts(analysis, shown, node, row)}


def _row(analysis: Analysis, path: bytes, version: int = -1) -> int:
    return int(analysis.stack.rows_at(analysis.stack.tree.find(path))[version])


def test_that_a_program_is_described_to_the_byte() -> None:
    assert _form(everything(), b"usr/bin/app") == {
        "path": "/usr/bin/app",
        "type": "file, ELF 64-bit executable, amd64",
        "size": "5.0 MB (5,000,000 bytes)",
        "share": "99.2%",
        "category": "System (rule system)",
        "added": "layer 0 · ADD rootfs.tar /",
        "mode": "-rwxr-xr-x (0755)",
        "owner": "user 0, group 0",
        "time": "2023-11-14 22:13:20 UTC",
    }


def test_that_each_version_of_a_path_tells_its_own_fate() -> None:
    analysis = everything()
    versions = [_form(analysis, b"etc/motd", n) for n in range(3)]
    assert [form.get("later") for form in versions] == [
        "overwritten in layer 1",
        "copied again in layer 2, same content",
        None,
    ]
    assert [form["added"] for form in versions] == [
        "layer 0 · ADD rootfs.tar /",
        r"layer 1 · RUN set -x \\ && rm -r <b>/usr/share/doc</b>",
        "layer 2 · RUN chmod 600 /etc/motd",
    ]
    node = analysis.stack.tree.find(b"etc/motd")
    assert [step.text for step in facts.history(analysis, node)] == [
        "layer 0: 5 B, overwritten in layer 1",
        "layer 1: 12 B, copied again in layer 2, same content",
        "layer 2: 12 B",
    ]


def test_that_a_removed_folder_has_its_whiteout_in_the_history() -> None:
    analysis = everything()
    node = analysis.stack.tree.find(b"usr/share/doc")
    assert [step.text for step in facts.history(analysis, node)] == ["layer 1: removed"]
    assert (
        _form(analysis, b"usr/share/doc")["type"] == "whiteout: hides what lower layers hold here"
    )
    assert _form(analysis, b"usr/share/doc/manual")["later"] == "deleted in layer 1"


def test_that_links_name_their_targets_harmlessly() -> None:
    analysis = everything()
    assert _form(analysis, b"etc/link")["target"] == r"→ ../usr/\xff<b>"
    alias = _form(analysis, b"usr/bin/alias")
    assert alias["target"] == "→ usr/bin/app"
    assert alias["size"] == "5.0 MB (5,000,000 bytes), stored with the file it links to"


def test_that_copies_are_found_by_content_not_by_name() -> None:
    analysis = everything()
    found, count = facts.copies(analysis, _row(analysis, b"opt/motd"))
    assert ([copy.text for copy in found], count) == (["/etc/motd (layer 2)"], 1)
    assert facts.copies(analysis, _row(analysis, b"etc/motd", 0)) == ([], 0)
    assert facts.copies(analysis, _row(analysis, b"etc/empty")) == ([], 0)
    assert facts.copies(analysis, -1) == ([], 0)


def test_that_only_a_bounded_number_of_copies_is_listed() -> None:
    files = [file(f"many/{n}", content="same") for n in range(facts.COPIES_LISTED + 10)]
    analysis = analyse(*image(layer(*files)))
    found, count = facts.copies(analysis, _row(analysis, b"many/0"))
    assert (len(found), count) == (facts.COPIES_LISTED, facts.COPIES_LISTED + 9)


def test_that_a_hard_link_is_read_at_the_file_it_names() -> None:
    analysis = everything()
    app, alias = _row(analysis, b"usr/bin/app"), _row(analysis, b"usr/bin/alias")
    assert facts.payload_row(analysis, alias) == app
    assert facts.payload(analysis, alias) == Payload(
        0, b"usr/bin/app", int(analysis.stack.data_offset[app]), 5_000_000
    )
    assert facts.payload(analysis, _row(analysis, b"usr/share/doc")) is None


def test_that_a_hard_link_to_nothing_has_no_content() -> None:
    analysis = analyse(*image(layer(hardlink("a", "absent"))))
    assert facts.payload_row(analysis, _row(analysis, b"a")) == -1
    assert _form(analysis, b"a")["size"] == "0 bytes, stored with the file it links to"


def test_that_what_one_layer_writes_twice_cannot_be_read_the_first_time() -> None:
    analysis = analyse(*image(layer(file("a", content="first"), file("a", content="second"))))
    rows = analysis.stack.rows_at(analysis.stack.tree.find(b"a")).tolist()
    lost = next(row for row in rows if analysis.stack.layer_node[row] < 0)
    assert facts.payload_row(analysis, lost) == -1
    assert (
        facts.fate(analysis, lost) == "written again in the same layer; these bytes are never seen"
    )


def test_that_bytes_kept_by_a_hard_link_are_not_called_deleted() -> None:
    analysis = analyse(*image(layer(file("a", 10), hardlink("b", "a")), layer(whiteout("a"))))
    row = _row(analysis, b"a", 0)
    assert facts.fate(analysis, row) == "deleted in layer 1; a hard link keeps its bytes"


def test_that_a_folder_no_layer_lists_still_has_its_sums() -> None:
    analysis = analyse(*image(layer(file("a/b", 1000), file("c", 1000))))
    node = analysis.stack.tree.find(b"a")
    shown = view(analysis.stack, analysis.stack.merged())
    form = {fact.key: fact.value for fact in facts.entry_facts(analysis, shown, node, -1)}
    assert form == {
        "path": "/a",
        "size": "1.0 kB (1,000 bytes)",
        "files": "1",
        "share": "50.0%",
        "type": "directory",
    }


def test_that_a_share_too_small_for_a_digit_is_not_called_nothing() -> None:
    assert _form(everything(), b"etc/motd")["share"] == "less than 0.1%"
    assert _form(everything(), b"etc/empty")["share"] == "0.0%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"),
        (1 << 60, "1,152,921,504,606,846,976 seconds since 1970"),
    ],
)
def test_that_any_time_a_tar_can_hold_is_told(seconds: int, text: str) -> None:
    assert facts.time_text(seconds) == text


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (ELF, "ELF 64-bit executable, amd64"),
        (b"\x7fELF\x01\x02\x01" + bytes(9) + b"\x00\x03\x00\x15", "ELF 32-bit shared object or position-independent executable, ppc64"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00\xff\xff", "ELF 64-bit object file, #65535"),
        (b"\x7fELF\x02", "ELF file, damaged"),
        (b"#!/bin/sh -e\nset", "script, /bin/sh -e"),
        (b"#! /usr/bin/env <b>\x1b", r"script, /usr/bin/env <b>\x1b"),
        (b"\x1f\x8b\x08", "gzip data"),
        (b"\x28\xb5\x2f\xfd", "zstd data"),
        (b"!<arch>\ndebian", "static library or Debian package (ar archive)"),
        (b"hello\n", "text"),
        ("镜像镜像镜像镜".encode()[:20], "text"),
        (b"\x00\x01", "data"),
        (b"\xff\xfe\xfd\xfc\xfb", "data"),
    ],
)  # fmt: skip
def test_that_first_bytes_tell_what_a_file_is(head: bytes, text: str) -> None:
    assert content_type(head.ljust(20, b"\0"), len(head)) == text


def test_that_a_script_line_longer_than_the_head_is_marked_as_cut() -> None:
    assert content_type(b"#!/usr/local/bin/pyt", 400) == "script, /usr/local/bin/pyt…"


def test_that_padding_is_not_taken_for_content() -> None:
    assert content_type(bytes(20), 0) == "empty"
    assert content_type(b"ab".ljust(20, b"\0"), 2) == "text"
