"""The Chinese catalogue holds every text of the program, and every text of it can be shown."""

from __future__ import annotations

import ast
import importlib.util
import re
import string
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message

from explorer.cli.main import _COMMANDS, run
from explorer.errors import ExplorerError
from explorer.image.reference import parse_reference
from explorer.translation import (
    english,
    labelled,
    language,
    listed,
    ntr,
    retold,
    sentences,
    set_language,
    source_of,
    system_language,
    told,
    tr,
)
from explorer.units import count_text, seconds_text, share_text, size_text

_PROJECT = Path(__file__).resolve().parent.parent
_HAN = r"[\u4e00-\u9fff]"
_FIELD = re.compile(r"\{[^{}]*\}")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """packaging/translate.py, which people run to bring the catalogue in step."""
    path = _PROJECT / "packaging" / "translate.py"
    spec = importlib.util.spec_from_file_location("translate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def merged(tool: ModuleType) -> Catalog:
    """The program's texts with what is known of them."""
    catalog: Catalog = tool.merged()
    return catalog


@pytest.fixture(scope="module")
def catalogue(tool: ModuleType) -> Catalog:
    """What the program reads."""
    catalog: Catalog = tool.known()
    return catalog


@pytest.fixture
def chinese() -> None:
    """English comes back after each test (conftest)."""
    assert set_language("zh_CN") == "zh_CN"


def _forms(message: Message) -> tuple[list[str], str]:
    """The English forms of a message and its one Chinese form."""
    if isinstance(message.id, tuple | list):
        assert isinstance(message.string, tuple | list)
        assert len(message.string) == 1, f"Chinese has one form: {message.id}"
        return list(message.id), message.string[0]
    return [str(message.id)], str(message.string)


def _pairs(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    for message in catalogue:
        if message.id:
            english, target = _forms(message)
            if target:
                yield english[-1], target


def _samples(*texts: str) -> dict[str, object]:
    """A value for each field of the texts: a number where it is formatted as one, its own name in brackets elsewhere."""
    return {
        name: 7.25 if spec else f"<{name}>"
        for text in texts
        for _, name, spec, _ in string.Formatter().parse(text)
        if name is not None
    }


def test_that_the_catalogue_holds_each_text_and_is_complete(
    tool: ModuleType, merged: Catalog
) -> None:
    assert tool.mistakes(merged) == []


@pytest.mark.slow
def test_that_every_marked_text_is_found(tool: ModuleType) -> None:
    # On Python 3.11 what stands inside an f-string is not seen by Babel.
    found = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in tool.collected()
    }
    lost = [
        (path.name, node.lineno)
        for path in (_PROJECT / "explorer").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("tr", "ntr", "mark")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value not in found
    ]
    assert lost == []


def test_that_the_catalogue_is_in_step_with_the_program(tool: ModuleType, merged: Catalog) -> None:
    po, mo = tool.rendered(merged)
    in_step = (tool.PO.read_bytes() == po, tool.MO.read_bytes() == mo)
    assert in_step == (True, True), "run .venv/bin/python packaging/translate.py"


@pytest.mark.parametrize(
    ("source", "target", "mistake"),
    [
        ("{a} of {b}", "{b} 中的 {a}", []),
        ("{a} of {b}", "", ["not translated: {a} of {b}"]),
        ("{a} of {b}", "{a}", ["fields left out: {a} of {b} -> {a}"]),
        ("{a}", "{a}、{c}", ["other fields: {a} -> {a}、{c}"]),
        (("{n} file", "{n} files"), ("{n} 个文件",), []),
        (("{n} file", "{n} files"), ("",), ["not translated: {n} files"]),
        (("{n} {a}", "{n} {a}s"), ("{n}",), ["fields left out: {n} {a}s -> {n}"]),
    ],
)
def test_that_the_check_tells_what_is_wrong(
    tool: ModuleType,
    source: str | tuple[str, str],
    target: str | tuple[str],
    mistake: list[str],
) -> None:
    catalog = Catalog(locale="zh_CN")
    catalog.add(source, target)
    assert tool.mistakes(catalog) == mistake


@pytest.mark.parametrize(
    ("before", "after"),
    [("{n} files", ("{n} file", "{n} files")), (("{n} files", "x"), "{n} files")],
)
def test_that_a_text_keeps_its_translation_when_it_gets_or_loses_a_plural(
    tool: ModuleType,
    before: str | tuple[str, str],
    after: str | tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, fresh = Catalog(locale="zh_CN"), Catalog(locale="zh_CN")
    old.add(before, "{n} 个文件" if isinstance(before, str) else ("{n} 个文件",))
    if isinstance(after, tuple):
        old.add(after[0], "{n} 个文件")
    fresh.add(after)
    monkeypatch.setattr(tool, "known", lambda: old)
    monkeypatch.setattr(tool, "collected", lambda: fresh)
    (message,) = (message for message in tool.merged() if message.id)
    assert message.string == (("{n} 个文件",) if isinstance(after, tuple) else "{n} 个文件")


def test_that_the_same_texts_give_the_same_bytes_on_any_day(
    tool: ModuleType, merged: Catalog
) -> None:
    po, mo = tool.rendered(merged)
    assert re.findall(rb"Date: *(\d{4}-\d\d-\d\d)", po) == []
    assert set(re.findall(rb"Date: *(\d{4}-\d\d-\d\d)", mo)) == {b"1970-01-01"}


@pytest.mark.slow
def test_that_no_text_is_glued_from_pieces() -> None:
    """The collector sees plain literals only: an f-string or a sum of strings would stay English."""
    glued = []
    for path in sorted((_PROJECT / "explorer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            texts = node.args[: {"tr": 1, "mark": 1, "ntr": 2}.get(node.func.id, 0)]
            if any(isinstance(text, ast.JoinedStr | ast.BinOp) for text in texts):
                glued.append(f"{path.relative_to(_PROJECT)}:{node.lineno}")
    assert glued == []


_TEXTS = ("tr", "ntr", "told", "sentences")
_GLUE = (" ", ", ", ": ")


@pytest.mark.slow
def test_that_no_source_joins_texts_with_blanks_commas_or_colons() -> None:
    """Chinese has none of these: sentences(), listed() and labelled() join texts in the way of the language."""
    joined = [
        f"{path.relative_to(_PROJECT)}:{getattr(node, 'lineno', 0)}"
        for path in sorted((_PROJECT / "explorer").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if _joins_texts(node)
    ]
    assert joined == []


@pytest.mark.parametrize(
    ("source", "joins"),
    [
        ('tr("One.") + " " + hint', True),
        ('text += " " + tr("Two.")', True),
        ('f"{error.message} {error.hint}"', True),
        ("f\"{tr('The app')}: {seconds}\"", True),
        ('", ".join(tr(word) for word in words)', True),
        ('" ".join((tr("One."), more))', True),
        ('sentences(tr("One."), hint)', False),
        ("f\"{number} {tr('runs')}\"", False),
        ('", ".join(names)', False),
    ],
)
def test_that_joined_texts_are_found(source: str, joins: bool) -> None:
    assert any(_joins_texts(node) for node in ast.walk(ast.parse(source))) is joins


def _joins_texts(node: ast.AST) -> bool:
    parts = _joined_parts(node)
    return any(
        isinstance(glue, ast.Constant)
        and glue.value in _GLUE
        # What stands before a unit or a word may be a number.
        and (_is_text(left) or (_is_text(right) and not isinstance(node, ast.JoinedStr)))
        for left, glue, right in zip(parts, parts[1:], parts[2:], strict=False)
    )


def _joined_parts(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.JoinedStr):
        return [v.value if isinstance(v, ast.FormattedValue) else v for v in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*(_joined_parts(node.left) or [node.left]), node.right]
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        return [node.target, *(_joined_parts(node.value) or [node.value])]
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return []
    glue = node.func.value
    if node.func.attr != "join" or not isinstance(glue, ast.Constant) or len(node.args) != 1:
        return []
    items = node.args[0]
    if isinstance(items, ast.GeneratorExp | ast.ListComp):
        return [items.elt, glue, items.elt]
    return [part for item in getattr(items, "elts", []) for part in (item, glue)]


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("message", "hint")
    return isinstance(node, ast.Call) and (
        node.func.id in _TEXTS
        if isinstance(node.func, ast.Name)
        else isinstance(node.func, ast.Attribute) and node.func.attr == "sentence"
    )


def test_that_texts_stand_one_after_the_other_in_the_way_of_the_language() -> None:
    def shown() -> tuple[str, ...]:
        both = sentences(tr("Cancelled."), "", tr("Measure again."))
        return both, sentences("exit status 1.", tr("Measure again.")), listed(("a", "b", "c")), labelled(tr("Network"), "none")  # fmt: skip

    assert shown() == (
        "Cancelled. Measure again.",
        "exit status 1. Measure again.",
        "a, b, c",
        "Network: none",
    )
    set_language("zh_CN")
    assert shown() == (
        "已取消。请重新测量。",
        "exit status 1. 请重新测量。",
        "a、b、c",
        "网络：none",
    )
    assert (sentences(), listed(()), sentences("", "alone")) == ("", "", "alone")


@pytest.mark.usefixtures("chinese")
def test_that_joined_texts_are_told_in_any_language() -> None:
    missing = tr("Did you mean {names}?", names=listed(("a", "b")))
    text = sentences(labelled(tr("Network"), "eth0"), tr("Cancelled."), missing)
    assert text == "网络：eth0 已取消。您是否想找 a、b？"
    assert english(text) == "Network: eth0 Cancelled. Did you mean a, b?"
    source = source_of(text)
    set_language("en")
    assert told(source) == "Network: eth0 Cancelled. Did you mean a, b?"
    set_language("zh_CN")
    assert told(source) == text


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(["{a:>1000000000}", "", 0, {"a": "x"}], id="no text of the program"),
        pytest.param(["Did you mean {names}?", "", 0, {}], id="a field is missing"),
        pytest.param(["Did you mean {names}?", "", 0, {"names": ["{a:>1000000000}", "", 0, {"a": 1}]}], id="inside"),
        pytest.param(["Did you mean {names}?"], id="too short"),
        pytest.param({"names": 1}, id="no list"),
        pytest.param(["{first} {then}", "", 0, {"first": "", "then": "x"}], id="nothing first"),
    ],
)  # fmt: skip
def test_that_a_file_cannot_ask_for_texts_that_are_not_the_programs(source: object) -> None:
    assert retold("Did you mean a?", source) == "Did you mean a?"


@pytest.mark.usefixtures("chinese")
def test_that_a_text_of_a_file_is_told_in_the_readers_language() -> None:
    source = ["Did you mean {names}?", "", 0, {"names": "a"}]
    assert retold("Did you mean a?", source) == "您是否想找 a？"
    assert retold("Cancelled.", None) == "已取消。"
    set_language("en")
    assert retold("Did you mean a?", source) == "Did you mean a?"


@pytest.mark.usefixtures("chinese")
def test_that_the_empty_text_is_never_the_catalogues_header() -> None:
    assert tr("", name="x") == source_of("") == english("") == told(["", "", 0, {}]) == ""
    assert retold("", None) == ""


@pytest.mark.usefixtures("chinese")
def test_that_a_text_that_is_its_own_field_has_an_end() -> None:
    assert source_of(tr("{subject}", subject="itself")) == ["{subject}", "", 0, {"subject": "itself"}]  # fmt: skip


@pytest.mark.usefixtures("chinese")
def test_that_every_text_shows_each_of_its_fields(catalogue: Catalog) -> None:
    wrong = []
    for message in catalogue:
        if not message.id or isinstance(message.id, tuple | list):
            continue
        english = str(message.id)
        if not _FIELD.search(english):
            continue
        fields = _samples(english)
        shown = tr(english, **fields)
        values = [value for value in fields.values() if isinstance(value, str)]
        if not all(value in shown for value in values) or _unfilled(shown, english):
            wrong.append((english, shown))
    assert wrong == []


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("n", [0, 1, 2])
def test_that_every_plural_shows_each_of_its_fields(catalogue: Catalog, n: int) -> None:
    wrong = []
    for message in catalogue:
        if not isinstance(message.id, tuple | list):
            continue
        one, many = message.id
        fields = _samples(one, many) | {"n": n}
        shown = ntr(one, many, n, **fields)
        # English may leave the number out in the singular only.
        expected = [value for name, value in fields.items() if f"{{{name}}}" in many]
        if not all(str(value) in shown for value in expected) or _unfilled(shown, many):
            wrong.append((many, shown))
    assert wrong == []


def _unfilled(shown: str, english: str) -> bool:
    """Whether braces are left that the text does not mean to show."""
    return "{" in shown and "{{" not in english


def test_that_translations_begin_and_end_as_the_text_does(catalogue: Catalog) -> None:
    """Blanks glue texts to what follows; an ellipsis at the end of a command says that a dialog opens."""

    def edges(text: str) -> tuple[int, int, int]:
        return len(text) - len(text.lstrip()), len(text) - len(text.rstrip()), text.count("\n")

    pairs = list(_pairs(catalogue))
    assert [pair for pair in pairs if edges(pair[0]) != edges(pair[1])] == []
    assert [pair for pair in pairs if ("…" in pair[0]) != ("…" in pair[1])] == []


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(f"{_HAN}[,;:?!]|{_HAN}\\.$", id="half-width punctuation after Chinese"),
        pytest.param(f"{_HAN}[A-Za-z0-9]|[A-Za-z0-9]{_HAN}", id="no blank between the scripts"),
        pytest.param(f"{_HAN} {_HAN}", id="a blank inside Chinese"),
        pytest.param(
            "[，。；：？！（）“”、] | [，。；：？！（）“”、]", id="a blank at a full-width mark"
        ),
    ],
)
def test_that_chinese_is_set_as_chinese(catalogue: Catalog, mistake: str) -> None:
    assert [target for _, target in _pairs(catalogue) if re.search(mistake, target)] == []


def test_that_shortcuts_are_the_same_in_both_languages(catalogue: Catalog) -> None:
    keys = re.compile(r"\((?:Ctrl|Alt|Shift|F\d)[^)]*\)")
    changed = [pair for pair in _pairs(catalogue) if keys.findall(pair[0]) != keys.findall(pair[1])]
    assert changed == []


def test_that_switching_the_language_switches_later_texts() -> None:
    assert tr("Cancel") == "Cancel"
    assert set_language("zh_CN") == language() == "zh_CN"
    assert tr("Cancel") == "取消"
    assert tr("Layer {n}", n=3) == "第 3 层"
    assert [ntr("{n} layer", "{n} layers", n) for n in (0, 1, 2)] == ["0 层", "1 层", "2 层"]
    assert set_language("en") == language() == "en"
    assert [ntr("{n} layer", "{n} layers", n) for n in (0, 1, 2)] == [
        "0 layers",
        "1 layer",
        "2 layers",
    ]


@pytest.mark.parametrize("asked", ["zh", "zh_CN", "zh-CN", "zh_CN.UTF-8", "zh-Hans", "ZH_cn"])
def test_that_any_spelling_of_chinese_is_understood(asked: str) -> None:
    assert set_language(asked) == "zh_CN"
    assert tr("Quit") == "退出"


@pytest.mark.parametrize("asked", ["", "fr_FR.UTF-8", "C", "POSIX", "klingon", "../zh_CN"])
def test_that_unknown_languages_get_english(asked: str) -> None:
    set_language("zh_CN")
    assert set_language(asked) == "en"
    assert tr("Quit") == "Quit"


@pytest.mark.usefixtures("chinese")
def test_that_a_text_without_a_translation_stays_english() -> None:
    assert tr("A text that nobody translated: {n}.", n=2) == "A text that nobody translated: 2."
    assert ntr("{n} odd thing", "{n} odd things", 1) == "1 odd thing"
    assert tr("") == ""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh_CN"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US.UTF-8"}, "zh_CN"),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.GB18030"}, "zh_CN"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_that_the_system_language_is_the_environments(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert system_language() == expected
    assert set_language("system") == expected


@pytest.mark.usefixtures("chinese")
def test_that_numbers_and_units_read_the_same_in_chinese() -> None:
    assert size_text(1_100_000_000) == "1.1 GB"
    assert size_text(1) == "1 B"
    assert count_text(1_234_567) == "1,234,567"
    assert share_text(1, 8) == "12.5%"
    assert seconds_text(185) == "3 min 5 s"


@pytest.mark.parametrize("command", _COMMANDS)
def test_that_each_commands_help_is_chinese(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """argparse fills % fields into these texts: a stray one in a translation would break the help."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(SystemExit) as end:
        run([command, "--help"])
    assert end.value.code == 0
    assert re.search(_HAN, capsys.readouterr().out)


def test_that_errors_are_told_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert run(["analyze", "no-such-file.tar"]) == 2
    told = capsys.readouterr().err
    assert told == (
        "error: 没有文件或文件夹 no-such-file.tar。\n"
        "hint: 请检查路径。引擎中的镜像写作 NAME:TAG，不带路径。\n"
    )


@pytest.mark.usefixtures("chinese")
def test_that_an_error_takes_the_language_of_its_moment() -> None:
    with pytest.raises(ExplorerError) as refused:
        parse_reference("UPPER/Case")
    assert refused.value.message == "UPPER/Case 不是镜像名称。"
    assert refused.value.hint == "镜像名称使用小写字母。"
