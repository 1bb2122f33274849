"""The filter people type: each part against a slow reference, all parts together, and what a mistake is answered with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explorer import translation
from explorer.errors import InputError
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import State
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.category import CATEGORIES, GROUPS
from explorer.findings.query import FORMS, FORMS_OF, Query, QueryInvalid, parse_query
from tests.support.layers import (
    Entry,
    directory,
    file,
    hardlink,
    image,
    layer,
    opaque,
    symlink,
    whiteout,
)


def _analysis(*layers: list[Entry]) -> Analysis:
    return analyse(*image(*(layer(*entries) for entries in layers)))


def _paths(text: str, analysis: Analysis) -> list[str]:
    """What a filter finds, as layer:path in the order of the rows."""
    stack = analysis.stack
    rows = np.flatnonzero(parse_query(text).rows(analysis))
    return [f"{stack.layer[row]}:{stack.tree.path(int(stack.node[row])).decode()}" for row in rows]


@pytest.fixture(scope="module")
def sample() -> Analysis:
    return _analysis(
        [
            directory("/usr"),
            file("/usr/lib/libc.a", 2_000_000),
            file("/usr/lib/Read Me.TXT", 10_000),
            file("/root/.cache/go-build/00/x-d", 1000),
            file("/tool", 50, mode=0o4755),
            symlink("/link", "tool"),
            hardlink("/hard", "/usr/lib/libc.a"),
            file("/twin1", content="same"),
            file("/twin2", content="same"),
            file("/empty"),
            file("/conf", 7),
        ],
        [file("/app/main.go", 500), file("/tool", 50, mode=0o755)],
        [whiteout("/app"), file("/usr/lib/libc.a", 1_999_999, mode=0o666), file("/conf", 9)],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 24),
        ("*.a", ["0:usr/lib/libc.a", "2:usr/lib/libc.a"]),
        ("libc", ["0:usr/lib/libc.a", "2:usr/lib/libc.a"]),
        ("LIBC.A", ["0:usr/lib/libc.a", "2:usr/lib/libc.a"]),
        ("go-build", ["0:root/.cache/go-build", "0:root/.cache/go-build/00", "0:root/.cache/go-build/00/x-d"]),
        ("go-build *-d", ["0:root/.cache/go-build/00/x-d"]),
        ("/usr/**/*.txt", ["0:usr/lib/Read Me.TXT"]),
        ("lib/libc.a layer:2", ["2:usr/lib/libc.a"]),
        ("/lib", []),
        ("/tool/", []),
        ("usr/lib/ size>0 layer:0", ["0:usr/lib/libc.a", "0:usr/lib/Read Me.TXT"]),
        ('"read me"', ["0:usr/lib/Read Me.TXT"]),
        ('"*.a"', []),
        ('/usr/lib/"Read Me.TXT"', ["0:usr/lib/Read Me.TXT"]),
        ("size>1M", ["0:usr/lib/libc.a", "0:hard", "2:usr/lib/libc.a"]),
        ("size>=2M", ["0:usr/lib/libc.a", "0:hard"]),
        ("size>1.999999M", ["0:usr/lib/libc.a", "0:hard"]),
        ("size:500", ["1:app/main.go"]),
        ("size:<=4", ["0:twin1", "0:twin2", "0:empty"]),
        ("size=0", ["0:empty"]),
        ("size<50 size>0", ["0:twin1", "0:twin2", "0:conf", "2:conf"]),
        ("size>1.9MiB", ["0:usr/lib/libc.a", "0:hard", "2:usr/lib/libc.a"]),
        ("layer:1", ["1:app", "1:app/main.go", "1:tool"]),
        ("layer:1,2 size>0", ["1:app/main.go", "1:tool", "2:usr/lib/libc.a", "2:conf"]),
        ("layer:1-2 size>0", ["1:app/main.go", "1:tool", "2:usr/lib/libc.a", "2:conf"]),
        ("layer:2- size>0", ["2:usr/lib/libc.a", "2:conf"]),
        ("layer:9", []),
        ("cat:go-build-cache", ["0:root/.cache/go-build", "0:root/.cache/go-build/00", "0:root/.cache/go-build/00/x-d"]),
        ('cat:"Go build cache" size>0', ["0:root/.cache/go-build/00/x-d"]),
        ("cat:cache size>0", ["0:root/.cache/go-build/00/x-d"]),
        ("cat:del,overw", ["0:conf", "1:app/main.go"]),
        ("ext:go", ["1:app/main.go"]),
        ("ext:.A,txt layer:0", ["0:usr/lib/libc.a", "0:usr/lib/Read Me.TXT"]),
        ("dup:yes", ["0:twin1", "0:twin2"]),
        ("dup:no layer:1", ["1:app/main.go", "1:tool"]),
        ("state:deleted", ["1:app/main.go"]),
        ("state:overwritten", ["0:conf"]),
        ("state:copied", ["0:tool"]),
        ("kind:link", ["0:link", "0:hard"]),
        ("kind:dir layer:1", ["1:app"]),
        ("kind:whiteout", ["2:app"]),
        ("mode:setuid", ["0:tool"]),
        ("mode:755 kind:file", ["1:tool"]),
        ("mode:writable", ["2:usr/lib/libc.a"]),
        ("layer:1 -main", ["1:app", "1:tool"]),
        ("layer:1 !app", ["1:tool"]),
        ("layer:1 -/app", ["1:tool"]),
        ("layer:1 -size>100", ["1:app", "1:tool"]),
        ('layer:0 -"read me" kind:file -cat:cache size>100', ["0:usr/lib/libc.a", "0:hard"]),
        ("layer：1 size＞100", ["1:app/main.go"]),
        ("na\udcffme", []),
        ("a[b", []),
        ("**", 24),
    ],
)  # fmt: skip
def test_that_a_filter_finds(text: str, expected: list[str] | int, sample: Analysis) -> None:
    found = _paths(text, sample)
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_that_layers_are_counted_as_the_image_counts_them() -> None:
    described, layers = image(layer(file("/a", 1)), layer(file("/b", 1)), layer(file("/c", 1)))
    partial = analyse(described, {2: layers[2]})
    stack = partial.stack
    assert stack.layer_count == 1
    assert parse_query("layer:2").rows(partial).tolist() == [True]
    assert parse_query("layer:0").rows(partial).tolist() == [False]


def test_that_a_filter_can_be_asked_of_some_rows_only(sample: Analysis) -> None:
    within = sample.stack.only(1)
    rows = parse_query("size>0").rows(sample, within)
    assert rows.tolist() == (parse_query("size>0").rows(sample) & within).tolist()
    assert rows.sum() == 2


def test_that_chips_are_the_parts_as_typed() -> None:
    query = parse_query('  *.a  -"x y"  size>1M cat:"Go build" ')
    assert query.chips() == ["*.a", '-"x y"', "size>1M", 'cat:"Go build"']
    assert query.without(1) == '*.a size>1M cat:"Go build"'
    assert parse_query(query.without(1)).chips() == ["*.a", "size>1M", 'cat:"Go build"']
    assert parse_query("") == Query()


def test_that_categories_are_found_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "explorer.findings.category.tr", lambda text: {"Test data": "测试数据"}.get(text, text)
    )
    analysis = _analysis([file("/app/go.mod", 1), file("/app/testdata/x", 5)])
    assert _paths("cat:测试 size>0", analysis) == ["0:app/testdata/x"]
    assert translation.language() == "en"


@pytest.mark.parametrize("name", [*GROUPS, *(item.id for item in CATEGORIES)])
def test_that_every_category_and_group_can_be_asked_for(name: str) -> None:
    assert parse_query(f"cat:{name}").chips() == [f"cat:{name}"]


@pytest.mark.parametrize("form", [*FORMS, *(form for forms in FORMS_OF.values() for form in forms)])
def test_that_every_form_that_hints_show_can_be_read(form: str) -> None:
    assert parse_query(form).chips() == [form]


@pytest.mark.parametrize(
    ("text", "part", "hint"),
    [
        ("size>", "size>", "Allowed here: size>1M, size<=10k, size=0, size>=1.5GiB."),
        ("x size>big", "size>big", "Allowed here: size>1M, "),
        ("size>1X", "size>1X", "Allowed here: size>1M, "),
        ("size:>=", "size:>=", "Allowed here: size>1M, "),
        ("layer:", "layer:", "Allowed here: layer:7, layer:0,3, layer:2-4."),
        ("layer:a", "layer:a", "Allowed here: layer:7, "),
        ("layer:-3", "layer:-3", "Allowed here: layer:7, "),
        ("layer>3", "layer>3", "Allowed here: layer:7, "),
        ("cat:nonsense", "cat:nonsense", "Allowed here: application, toolchain, cache, "),
        ("cat:", "cat:", "Allowed here: cat:application, "),
        ("ext:", "ext:", "Allowed here: ext:go, ext:so,a, ext:tar.gz."),
        ("ext:a/b", "ext:a/b", "Allowed here: ext:go, "),
        ("dup:maybe", "dup:maybe", "Allowed here: dup:yes, dup:no."),
        ("dup:", "dup:", "Allowed here: dup:yes, dup:no."),
        ("state:gone", "state:gone", "Allowed here: state:live, state:deleted, "),
        ("kind:fi,x", "kind:fi,x", "Allowed here: kind:file, kind:dir, "),
        ("mode:99", "mode:99", "Allowed here: mode:setuid, "),
        ("mode:se", "mode:se", "Allowed here: mode:setuid, "),
        ("/", "/", 'Allowed here: *.a, /usr/**/*.so, "a b".'),
        ('""', '""', 'Allowed here: *.a, /usr/**/*.so, "a b".'),
    ],
)
def test_that_a_part_that_cannot_be_read_is_named_with_what_is_allowed(
    text: str, part: str, hint: str
) -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse_query(text)
    assert isinstance(caught.value, InputError)
    assert caught.value.message == f"“{part}” cannot be read."
    assert caught.value.hint.startswith(hint)


def test_that_an_unknown_filter_is_told_with_the_known_ones() -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse_query("colour:red")
    assert caught.value.message == "There is no filter “colour:”."
    assert caught.value.hint == (
        "Known ones: size>1M layer:2-4 cat:cache ext:go dup:yes state:deleted kind:link mode:setuid. "
        "Quote it to look for it in names."
    )


def test_that_a_pattern_with_stars_out_of_place_is_told() -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse_query("/a**b/c")
    assert "is not a path pattern" in caught.value.message


def test_that_too_many_parts_are_refused() -> None:
    with pytest.raises(QueryInvalid):
        parse_query("a " * 65)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30) | st.text('-!":<>=*/ab1,.[] ', max_size=30))
@example("\ud800")
@example('-"')
def test_that_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    analysis = _analysis([file("/a/b", 1)])
    read = _read(text)
    if isinstance(read, InputError):
        assert read.message
        assert read.hint
    else:
        assert read.rows(analysis).shape == (len(analysis.stack),)
        assert parse_query(" ".join(read.chips())) == read


def _read(text: str) -> Query | InputError:
    try:
        return parse_query(text)
    except InputError as error:
        return error


_NAME = st.sampled_from(["a", "b.go", "AB", "x.tar.gz", "é", "c"])
_PATH = st.lists(_NAME, min_size=1, max_size=3).map("/".join)
_ENTRY = st.one_of(
    st.builds(file, _PATH, st.integers(0, 3), mode=st.sampled_from([0o644, 0o4755])),
    st.builds(file, _PATH, content=st.sampled_from(["one", "two"])),
    st.builds(directory, _PATH),
    st.builds(symlink, _PATH, _PATH),
    st.builds(hardlink, _PATH, _PATH),
    st.builds(whiteout, _PATH),
    st.builds(opaque, _PATH),
)
_WORDS = st.sampled_from(
    ["a", "*", "b*", "?", "*.go", "[ab]", "/a", "a/c", "/a/**", "**/c", "/*/*", "é", "/a/", "A/", "size>1", "size<=0", "size=3",
     "layer:0", "layer:1-2", "ext:go", "ext:gz", "ext:tar.gz", "dup:yes", "dup:no", "state:live", "state:deleted",
     "state:overwritten", "state:copied", "state:twice", "kind:file", "kind:dir", "kind:link", "kind:whiteout", "mode:setuid",
     "mode:exec", "mode:644", "cat:shadow", "cat:other"]
)  # fmt: skip


@dataclass(frozen=True)
class _Row:
    """A row as a slow reader sees it."""

    number: int
    path: tuple[str, ...]
    folders: frozenset[
        tuple[str, ...]
    ]  # the paths above that are directories in any layer, and itself if it is


def _slow_fits(word: str, row: _Row, analysis: Analysis) -> bool:
    """Whether one row fits one part, looked at one by one."""
    stack, r = analysis.stack, row.number
    kind = Kind(stack.kind[r])
    if "size" in word:
        if kind not in (Kind.FILE, Kind.HARDLINK):
            return False
        payload = int(stack.payload_row[r])
        size = int(stack.size[payload]) if payload >= 0 else 0
        return {"size>1": size > 1, "size<=0": size <= 0, "size=3": size == 3}[word]
    key, _, value = word.partition(":")
    if not value:
        return any(_slow_word(word, row, depth) for depth in range(1, len(row.path) + 1))
    state, is_file = State(stack.state[r]), kind == Kind.FILE
    if key == "layer":
        return int(stack.layer[r]) in {"0": (0,), "1-2": (1, 2)}[value]
    if key == "ext":
        name = row.path[-1].lower()
        return kind != Kind.DIRECTORY and name.endswith("." + value) and len(name) > len(value) + 1
    if key == "dup":
        return is_file and (_has_twin(analysis, r) == (value == "yes"))
    if key == "state":
        if value == "live":
            return state == State.LIVE if is_file else bool(stack.merged()[r])
        wanted = {
            "deleted": State.DELETED,
            "overwritten": State.OVERWRITTEN,
            "copied": State.METADATA_COPY,
        }
        return is_file and state == wanted.get(value, State.DUPLICATE)
    if key == "kind":
        kinds = {
            "file": (Kind.FILE, Kind.HARDLINK),
            "dir": (Kind.DIRECTORY,),
            "whiteout": (Kind.WHITEOUT,),
        }
        return kind in kinds.get(value, (Kind.SYMLINK, Kind.HARDLINK))
    if key == "mode":
        mode = int(stack.mode[r])
        if value == "644":
            return mode == 0o644 and kind not in (Kind.SYMLINK, Kind.WHITEOUT)
        bits = {"setuid": 0o4000, "exec": 0o111}[value]
        return bool(mode & bits) and kind in (Kind.FILE, Kind.HARDLINK)
    named = CATEGORIES[int(analysis.category[r])]
    return named.group == "shadow" if value == "shadow" else named.id == value


def _slow_word(word: str, row: _Row, depth: int) -> bool:
    """Whether the path down to some depth fits a word."""
    path, word = tuple(part.lower() for part in row.path[:depth]), word.lower()
    is_folder = depth < len(row.path) or row.path in row.folders
    if "/" not in word:
        name = path[-1]
        return _glob(word, name) if any(c in word for c in "*?[") else word in name
    if word.endswith("/") and not is_folder:
        return False
    parts = tuple(part for part in word.split("/") if part)
    pattern = parts if word.startswith("/") else ("**", *parts)
    if not is_folder and pattern[-1] == "**":
        return _glob_path(pattern, path[:-1])
    return _glob_path(pattern, path)


def _glob(glob: str, name: str) -> bool:
    return {
        "*": True,
        "?": len(name.encode()) == 1,
        "b*": name.startswith("b"),
        "*.go": name.endswith(".go"),
        "[ab]": name in ("a", "b"),
    }.get(glob, glob == name)


def _glob_path(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_glob_path(pattern[1:], path[i:]) for i in range(len(path) + 1))
    return bool(path) and _glob(pattern[0], path[0]) and _glob_path(pattern[1:], path[1:])


def _has_twin(analysis: Analysis, r: int) -> bool:
    stack = analysis.stack

    def candidate(row: int) -> bool:
        live = stack.kind[row] == Kind.FILE and stack.state[row] == State.LIVE
        return bool(live and stack.size[row] > 0)

    return candidate(r) and any(
        other != r
        and candidate(other)
        and stack.size[other] == stack.size[r]
        and (stack.digest[other] == stack.digest[r]).all()
        for other in range(len(stack))
    )


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(_ENTRY, max_size=6), min_size=1, max_size=3),
    st.lists(st.tuples(_WORDS, st.booleans()), min_size=1, max_size=3),
)
def test_that_a_filter_finds_what_looking_at_every_row_finds(
    layers: list[list[Entry]], parts: list[tuple[str, bool]]
) -> None:
    analysis = _analysis(*layers)
    stack = analysis.stack
    paths = [tuple(stack.tree.path(int(node)).decode().split("/")) for node in stack.node]
    folders = frozenset(
        path for path, kind in zip(paths, stack.kind, strict=True) if kind == Kind.DIRECTORY
    ) | frozenset(path[:depth] for path in paths for depth in range(1, len(path)))
    expected = [
        all(
            _slow_fits(word, _Row(r, paths[r], folders), analysis) != negated
            for word, negated in parts
        )
        for r in range(len(stack))
    ]
    text = " ".join(("-" if negated else "") + word for word, negated in parts)
    assert parse_query(text).rows(analysis).tolist() == expected


def test_that_what_was_looked_up_is_kept_as_long_as_the_analysis() -> None:
    from explorer.findings.condition import facts_of

    analysis = _analysis([file("/a", 1)])
    assert facts_of(analysis) is facts_of(analysis)
    assert facts_of(replace(analysis)) is not facts_of(analysis)
