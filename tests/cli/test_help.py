"""--help in both languages and two widths: nothing runs over the edge of a terminal, and argparse speaks the user's language."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from explorer.cli.helptext import folded
from explorer.cli.main import _COMMANDS, run


def help_of(
    command: str,
    language: str,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    monkeypatch.setenv("LC_ALL", language)
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        run([*command.split(), "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["C.UTF-8", "zh_CN.UTF-8"])
@pytest.mark.parametrize("command", ["", *_COMMANDS])
def test_that_no_line_runs_over_the_edge(
    command: str,
    language: str,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = help_of(command, language, width, monkeypatch, capsys)
    # Examples can be copied as they are, and an option of the usage is not folded.
    long = [
        line
        for line in shown.splitlines()
        if cell_len(line) > width and not re.match(r"  image-explorer| +\[\S+ \S+\]$", line)
    ]
    assert long == []
    assert "image-explorer" in shown.split("\n\n")[-1] or command in (
        "",
        "check",
        "rewrite",
        "open",
    )


def test_that_the_words_of_argparse_are_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_of("check", "zh_CN.UTF-8", 80, monkeypatch, capsys)
    assert shown.startswith("用法：image-explorer check [-h]")
    assert "\n位置参数:\n  REF " in shown
    assert re.search(r"--help +显示此帮助并退出\n", shown)
    assert run(["check"]) == 2
    assert capsys.readouterr().err == (
        "error: 缺少必需的参数：REF\nhint: 见 image-explorer check --help。\n"
    )
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert run(["check"]) == 2
    assert capsys.readouterr().err.startswith("error: the following arguments are required: REF\n")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("a-very-long-word in it", 6, ["a-very-long-word", "in it"]),
        ("镜像，和层", 6, ["镜像，", "和层"]),
        ("镜像和层，", 8, ["镜像和", "层，"]),
        ("写为 JSON；- 表示", 10, ["写为", "JSON；- 表", "示"]),
        ("", 10, [""]),
    ],
)
def test_that_lines_are_folded_where_the_language_allows_it(
    text: str, width: int, lines: list[str]
) -> None:
    assert folded(text, width) == lines
