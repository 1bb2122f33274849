"""The documents of reports: every table's rows and rest make its total, which is the image's own, to the byte."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.coldstart.store import Store
from explorer.compare.comparison import Comparison, compare
from explorer.compare.startup import StartUp, start_up
from explorer.filesystem.layer import LayerIndex
from explorer.findings.analysis import Analysis, analyse
from explorer.image.model import Config, Platform
from explorer.report.cells import change_text, shown_rows
from explorer.report.charts import treemap
from explorer.report.compare_terminal import print_comparison
from explorer.report.document import (
    Column,
    Document,
    KeyFigures,
    Panel,
    Paragraph,
    Strips,
    Table,
    Tile,
    Treemap,
    Waterfall,
    number,
    sums,
)
from explorer.report.documents.analysis import analysis_document
from explorer.report.documents.compare import compare_document
from explorer.report.drawing import FRAME, Box, Drawing, Label, fitted, fitted_with, text_width
from explorer.report.terminal import print_summary
from tests.coldstart.samples import sample
from tests.report.hostile import binary
from tests.report.pair import small_pair
from tests.support.layers import file, image, layer, program, whiteout

LAYERS = st.lists(
    st.dictionaries(
        st.sampled_from(
            [
                "a",
                "b/c",
                "b/d/e",
                "usr/local/go/bin/go",
                "usr/share/doc/x",
                "root/.cache/go-build/1",
            ]
        ),
        st.integers(0, 5_000_000),
        max_size=5,
    ),
    min_size=1,
    max_size=3,
)


def analysed(*layers: LayerIndex, config: Config | None = None) -> Analysis:
    return analyse(*image(*layers, config=config))


def built(layers: list[dict[str, int]]) -> Analysis:
    return analysed(*(layer(*(file(path, size) for path, size in rows.items())) for rows in layers))


def sizes(table: Table, name: str) -> list[int]:
    """The cells of a column, with the row of what is not listed."""
    place = [column.id for column in table.columns].index(name)
    return [number(row[place]) for row in (*table.rows, *([table.rest] if table.more else []))]


def assert_sums(document: Document) -> None:
    """Rows and rest of every table with a total make it; parts of every chart make the whole."""
    for table in document.tables():
        if table.total:
            rows = [*table.rows, *([table.rest] if table.more else [])]
            for made, told in zip(sums(table.columns, rows), table.total, strict=True):
                assert made is None or made == told, table.id
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Waterfall):
                steps = sum(step.bytes for step in block.steps)
                assert block.start.bytes + steps == block.end.bytes
            if isinstance(block, Treemap):
                for tile in (tile for panel in block.panels for tile in panel.tiles):
                    assert not tile.parts or sum(part.bytes for part in tile.parts) == tile.bytes


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(LAYERS, st.integers(0, 3))
def test_that_every_section_of_an_image_has_its_totals(
    layers: list[dict[str, int]], limit: int
) -> None:
    a = built(layers)
    document = analysis_document(a, limit)
    assert_sums(document)
    content = a.totals.content_bytes
    assert sum(sizes(document.table("categories"), "bytes")) == content
    assert sum(sizes(document.table("layers"), "content_bytes")) == content
    visible = sum(sizes(document.table("layers"), "contribution_bytes"))
    assert visible == a.totals.contribution_bytes
    gone = sum(sizes(document.table("layers"), "reclaimable_bytes"))
    assert gone == a.totals.reclaimable_bytes
    if content:
        assert sum(sizes(document.table("files"), "bytes")) == content
        (panel,) = next(
            block.panels
            for section in document.sections
            for block in section.blocks
            if isinstance(block, Treemap)
        )
        assert panel.bytes == content


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(LAYERS, LAYERS, st.integers(0, 3))
def test_that_every_section_of_a_comparison_has_its_totals(
    first: list[dict[str, int]], second: list[dict[str, int]], limit: int
) -> None:
    c = compare(built(first), built(second))
    document = compare_document(c, limit)
    assert_sums(document)
    for name, pair in (
        ("categories", c.content),
        ("layers", c.content),
        ("fates", c.contribution),
    ):
        table = document.table(name)
        told = [sum(sizes(table, f"{side}_bytes")) for side in ("before", "after", "delta")]
        assert told == [pair.a, pair.b, pair.delta]


def test_that_key_figures_are_the_totals() -> None:
    a = analysed(layer(file("a", 1000), file("b", 10)), layer(whiteout("a")))
    (figures,) = (
        block for block in analysis_document(a).sections[0].blocks if isinstance(block, KeyFigures)
    )
    assert [figure.value for figure in figures.figures] == [1010, 10, 1000, 10 / 1010, 1, 2]


def test_that_findings_tell_reason_and_remedy() -> None:
    a = analysed(layer(file("root/.cache/go-build/00/x", 153_000_000)))
    (row,) = analysis_document(a).table("findings").rows
    (finding,) = a.findings
    assert row == (finding.title(), 153_000_000, 0, finding.reason(), finding.remedy())


def test_that_an_image_without_findings_says_so() -> None:
    sections = {item.id: item for item in analysis_document(analysed(layer())).sections}
    assert sections["findings"].blocks == (Paragraph("Nothing worth removing was found."),)


def test_that_secrets_of_settings_and_build_steps_are_masked() -> None:
    described, layers = image(
        layer(file("a", 1)),
        config=Config(env=("API_TOKEN=hunter2", "HOME=/root"), labels={"password": "hunter3"}),
        created_by=("RUN SECRET=hunter4 make",),
    )
    document = analysis_document(analyse(described, layers))
    assert document.table("settings").rows == (
        ("ENV API_TOKEN", "•••"),
        ("ENV HOME", "/root"),
        ("LABEL password", "•••"),
    )
    assert "hunter" not in str(document)
    assert "hunter" not in str(
        compare_document(compare(analysed(layer()), analyse(described, layers)))
    )


def test_that_go_executables_are_listed_with_what_could_go() -> None:
    a = replace(
        analysed(layer(program("app"))), go_binaries=(binary(b"app", 500), binary(b"b", 40))
    )
    table = analysis_document(a, 1).table("programs")
    assert table.rows[0][:3] == ("/app", 500, 30)
    assert (table.more, table.rest[1], table.total[1]) == (1, 40, 540)


def test_that_a_displayed_path_is_not_escaped_again(capsys: pytest.CaptureFixture[str]) -> None:
    a = replace(analysed(layer(program("app"))), go_binaries=(binary(b"a\\b\xff", 500),))
    assert analysis_document(a).table("programs").rows[0][0] == "/a\\\\b\\xff"
    print_summary(a)
    out = capsys.readouterr().out
    assert "/a\\\\b\\xff" in out


def test_that_what_is_missing_is_said_before_all_figures() -> None:
    described, layers = image(layer(file("a", 5)), layer(file("b", 5)))
    part = analyse(described, {0: layers[0]}, problems=["Layer 1 is damaged."])
    assert analysis_document(part).warnings == (
        "Incomplete: test:latest was read only in part (1 of 2 layers). All figures are of what was read.",
        "Layer 1 is damaged.",
    )
    other = replace(described, id="sha256:1", platform=Platform("linux", "arm64"))
    warnings = compare_document(compare(part, analyse(other, layers))).warnings
    assert warnings == (
        "They are for different platforms: linux/amd64 and linux/arm64.",
        "test:latest was read only in part (1 of 2 layers); differences may be missing files.",
        "docker-daemon:test:latest (before): Layer 1 is damaged.",
    )
    assert compare_document(compare(part, part)).warnings[0] == "Both are the same image."


@pytest.mark.slow
def test_that_many_differences_are_capped_and_still_sum() -> None:
    # A light stand-in for a million files: what is listed does not depend on how many there are.
    many = analysed(layer(*(file(f"d{n % 50}/{n}", n + 1) for n in range(5000))))
    c = compare(analysed(layer()), many)
    document = compare_document(c)
    table = document.table("differences")
    assert (len(table.rows), table.more) == (100, 4900)
    assert table.total[4] == c.contribution.b == 5000 * 5001 // 2
    assert_sums(document)
    files = analysis_document(many).table("files")
    assert (len(files.rows), files.more) == (100, 4900)


def measured(startup: StartUp | None) -> Comparison:
    return replace(compare(analysed(layer()), analysed(layer())), startup=startup)


def test_that_a_measured_cold_start_joins_the_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    slow, fast = [0.040 + n / 10_000 for n in range(12)], [0.010 + n / 10_000 for n in range(12)]
    store.save(sample(slow, fast))
    found = start_up("sha256:" + "a" * 64, "sha256:" + "b" * 64, store)
    section = compare_document(measured(found)).sections[-1]
    said, strips, table = section.blocks
    assert section.title == "Cold start"
    assert isinstance(said, Paragraph)
    assert "B is faster by 30.0 ms" in said.text
    assert isinstance(strips, Strips)
    assert [strip.starts for strip in strips.strips] == [12, 12]
    assert isinstance(table, Table)
    assert [row[1] for row in table.rows] == pytest.approx([0.04055, 0.01055])
    assert found is not None
    told = compare_document(measured(found)).sections[0].blocks[1]
    assert told == Paragraph(f"Cold start: {said.text}")
    print_comparison(measured(found))
    assert f"Cold start: {said.text}" in capsys.readouterr().out.splitlines()
    apart = compare_document(measured(replace(found, together=None))).sections[-1].blocks[0]
    assert apart == Paragraph("They were measured separately, so no difference is proved.")
    assert all(item.id != "start" for item in compare_document(measured(None)).sections)


@given(st.integers(0, 400), st.booleans())
def test_that_a_cut_label_keeps_its_figure_whole_or_leaves_it_out(room: int, bold: bool) -> None:
    text = fitted_with("Documentation", "82.6 MB", 13.0, room, bold=bold)
    assert text_width(text, 13.0, bold=bold) <= room
    name, _, figure = text.partition(" · ")
    assert figure in ("", "82.6 MB")
    assert name in ("", "82.6 MB", "Documentation") or "…" in name


def test_that_a_cut_path_keeps_its_end() -> None:
    assert fitted("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", 11.0, 90).startswith("…")
    assert fitted("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", 11.0, 90).endswith("/12/cc1")


@given(st.integers(0, 300))
def test_that_a_cut_path_names_something(room: int) -> None:
    for path in ("/usr/lib/x86_64-linux-gnu/…", "/go/pkg/mod/golang.org/x", "/…"):
        cut = fitted(path, 11.0, room)
        assert text_width(cut, 11.0) <= room
        assert cut in ("", path) or re.search(r"\w", cut)


def test_that_labels_of_tiles_stay_inside_them() -> None:
    entries = [file(f"usr/share/doc/{'W' * n}/{n}", 3000 * n) for n in range(1, 25)]
    entries += [program(f"app/{n}", 90_000 // n) for n in range(1, 9)]
    (section,) = (
        item
        for item in analysis_document(analysed(layer(*entries))).sections
        if item.id == "categories"
    )
    (block,) = (item for item in section.blocks if isinstance(item, Treemap))
    box, labels = None, 0
    for shape in treemap(block).shapes:
        if isinstance(shape, Box):
            box = shape
        if isinstance(shape, Label):
            assert box is not None
            labels += 1
            width = text_width(shape.text, shape.size, bold=shape.bold)
            assert shape.x + width <= box.x + box.width
    assert labels > 5


def test_that_small_entries_keep_the_name_of_their_folder() -> None:
    entries = [file(f"usr/share/doc/{n:03}/x", 100) for n in range(200)]
    a = analysed(layer(*entries, file("usr/share/doc/big", 5000)))
    tiles = next(
        block.panels[0].tiles
        for section in analysis_document(a).sections
        for block in section.blocks
        if isinstance(block, Treemap)
    )
    assert [(part.label, part.bytes) for tile in tiles for part in tile.parts] == [
        ("/usr/share/doc/…", 20_000),
        ("/usr/share/doc/big", 5000),
    ]


def test_that_two_images_of_one_name_are_told_apart() -> None:
    one, other = analysed(layer(file("a", 1))), analysed(layer(file("b", 3)))
    title = compare_document(compare(one, other)).title
    assert title == (
        "docker-daemon:test:latest (before) compared with docker-daemon:test:latest (after)"
    )
    saved = replace(other, image=replace(other.image, reference="docker-archive:a.tar"))
    document = compare_document(compare(one, saved))
    heads = [column.title for column in document.table("categories").columns[1:3]]
    assert heads == ["docker-daemon:test:latest", "docker-archive:a.tar"]


def panels(*sizes: int) -> Drawing:
    made = (Panel(str(n), (Tile(str(n), size, "cache"),)) for n, size in enumerate(sizes))
    return treemap(Treemap("Both", tuple(made)))


@pytest.mark.parametrize(("sizes", "first"), [((1000, 40), 0), ((40, 1000), 1)])
def test_that_a_speck_beside_an_image_keeps_its_scale_and_is_drawn_again_bigger(
    sizes: tuple[int, int], first: int
) -> None:
    drawing = panels(*sizes)
    frames = [shape for shape in drawing.shapes if isinstance(shape, Box) and shape.paint == FRAME]
    areas = [frame.width * frame.height for frame in frames]
    big, (small, closer) = areas.pop(2 * first), areas
    assert big / small == pytest.approx(1000 / 40)
    assert closer > small
    (told,) = (
        shape.text
        for shape in drawing.shapes
        if isinstance(shape, Label) and shape.text.startswith("the same, area × ")
    )
    assert float(told.rpartition(" ")[2]) == pytest.approx(closer / small, rel=0.05)
    assert all(frame.x + frame.width <= 960.01 for frame in frames)
    assert all(frame.y + frame.height <= drawing.height + 0.01 for frame in frames)


@pytest.mark.parametrize("sizes", [(1000, 500), (1000, 0), (0, 0), (1000, 1000)])
def test_that_images_that_can_be_compared_at_one_scale_are_drawn_once(
    sizes: tuple[int, int],
) -> None:
    frames = [box for box in panels(*sizes).shapes if isinstance(box, Box) and box.paint == FRAME]
    assert len(frames) == 2
    if min(sizes):
        one, other = (frame.width * frame.height for frame in frames)
        assert one / other == pytest.approx(sizes[0] / sizes[1])


def test_that_the_first_lines_tell_from_where_to_where_and_why() -> None:
    first, second = compare_document(small_pair()).sections[0].blocks[:2]
    assert first == Paragraph("shop:b is 131 B smaller than shop:a (361 B became 230 B, −36.3%).")
    assert second == Paragraph(
        "Biggest savings: Deleted later (60 B), Documentation (31 B), Overwritten later (30 B). "
        "Biggest growth: System (13 B). Findings: 1 gone, 1 new."
    )
    assert analysis_document(small_pair().a).sections[0].blocks[1] == Paragraph(
        "Biggest findings: Go build cache (77 B)."
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (100, 50, "−50.0%"),
        (100, 999, "+899.0%"),
        (78, 8871, "×114"),
        (1, 5_000_000, "×5,000,000"),
        (5, 5, ""),
        (0, 5, ""),
        (32_280, 2, "−99.99%"),
        (5, 0, "−100.0%"),
    ],
)
def test_that_a_change_reads_as_people_say_it(before: int, after: int, told: str) -> None:
    assert change_text(before, after) == told


def test_that_savings_come_first_then_growth_each_the_biggest_first() -> None:
    one = {"usr/local/go/bin/go": 500, "usr/share/doc/a": 90, "etc/passwd": 10}
    other = {"etc/passwd": 70, "root/.cache/go-build/00/x": 800}
    c = compare(built([one]), built([other]))
    deltas = [item.size.delta for item in c.waterfall]
    assert deltas == [-500, -90, 800, 60]
    assert [row[3] for row in compare_document(c).table("categories").rows] == deltas


def test_that_figures_of_a_build_read_as_what_they_are() -> None:
    one, other = small_pair(), binary(b"x", 200)
    before = replace(other, static=False, removable_bytes=4_200_000, go_version="go1.26")
    a = replace(one.a, go_binaries=(before,))
    b = replace(one.b, go_binaries=(replace(other, go_version="go1.27", stripped=True),))
    table = compare_document(compare(a, b)).table("build-1")
    shown = [tuple(cell.text for cell in cells[1:]) for _, cells in shown_rows(table)]
    assert shown == [
        ("Go version", "go1.26", "go1.27"),
        ("Linked statically", "no", "yes"),
        ("Stripped of its symbols", "no", "yes"),
        ("Removable", "4.2 MB", "30 B"),
    ]
    values = [cells[2].value for _, cells in shown_rows(table)]
    assert values == ["go1.26", False, False, 4_200_000]


def test_that_the_biggest_difference_that_is_shown_stands_first() -> None:
    a = analysed(layer(file("big", 9_000_000), file("gone", 500), file("less", 100, mode=0o755)))
    b = analysed(layer(file("big", 9_000_010), file("new", 300), file("less", 100)))
    rows = compare_document(compare(a, b)).table("differences").rows
    assert [(row[0], row[-1]) for row in rows] == [
        (b"gone", -500),
        (b"new", 300),
        (b"big", 10),
        (b"less", 0),
    ]


def test_that_people_are_spared_columns_in_which_nothing_stands() -> None:
    columns = (Column("a", "A"), Column("b", "B", optional=True), Column("c", "C"))
    table = Table("t", "T", columns, (("x", None, None),), 1, (None, None, 3), ("all", None, 3))
    assert table.filled() == Table(
        "t", "T", (columns[0], columns[2]), (("x", None),), 1, (None, 3), ("all", 3)
    )
    full = replace(table, rows=(("x", "y", 1),))
    assert full.filled() is full


def test_that_a_layer_that_was_not_read_has_no_size() -> None:
    table = compare_document(small_pair(whole=False)).table("layers")
    assert table.rows[2][4:] == (None, 0, None)
