"""Shell lines taken apart, go commands found in them, single flags edited; words expanded as BuildKit does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.dockerfile.gobuild import GoCommand, apply_edits, go_commands, merged_ldflags
from explorer.dockerfile.parser import parse
from explorer.dockerfile.shell import needs_shell, script
from explorer.dockerfile.words import expand, name_values, split_words, take_flags, unresolved
from explorer.image.redact import MASK, redact, secret_names


def _only(run: str, before: str = "") -> GoCommand:
    document = parse(f"FROM golang\nWORKDIR /src\n{before}RUN {run}\n")
    (command,) = go_commands(document.stages[0], document.escape)
    return command


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("a b && c; d | e & f", [(("a", "b"), "&&"), (("c",), ";"), (("d",), "|"), (("e",), "&"), (("f",), "")]),
        ("a 'b c' \"d $e\" f\\ g", [(("a", "b c", "d $e", "f g"), "")]),
        ("A=1 B='2 3' go build > /x 2>&1", [(("go", "build"), "")]),
        ("if [ -n $x ]; then go build; fi", [(("[", "-n", "$x", "]"), ";"), (("go", "build"), ";")]),
        ("x $(a; b && c) `d | e` ${f:-g h}", [(("x", "$(a; b && c)", "`d | e`", "${f:-g h}"), "")]),
        ("(cd a && go build)", [(("cd", "a"), "&&"), (("go", "build"), ")")]),
        ("env A=1 go build", [(("go", "build"), "")]),
        ("", []),
    ],
)  # fmt: skip
def test_that_a_line_is_taken_apart_as_a_shell_does(line: str, commands: list[object]) -> None:
    found = script(line)
    assert not found.opaque
    assert [(c.values(), c.operator) for c in found.commands] == commands


@pytest.mark.parametrize("line", ["a 'b", 'a "b', "a $(b", "a `b", "a ${b"])
def test_that_an_unclosed_line_is_opaque(line: str) -> None:
    assert script(line).opaque


@given(st.text(alphabet="ab '\"\\$(){}`&|;<>\n#", max_size=40))
def test_that_words_stand_where_they_say(line: str) -> None:
    for command in script(line).commands:
        for word in (*command.assignments, *command.words):
            assert 0 <= word.start < word.end <= len(line)
            if "\n" not in line:
                assert line[word.start : word.end] == word.written


@pytest.mark.parametrize(
    ("line", "needed"),
    [("/app", False), ("/app -v --x=y a:b", False), ("./app a,b @c", False), ("/app $X", True), ("/app 'x'", True), ("a && b", True),
     ("exec /app", True), ("X=1 /app", True), ("/app *", True), ("/app ~", True), ("/app > x", True), ("cd /x", True), ("", True), ("/app #c", True)],
)  # fmt: skip
def test_that_only_plain_words_need_no_shell(line: str, needed: bool) -> None:
    assert needs_shell(line) is needed


def test_that_a_go_command_knows_folder_flags_packages_and_output() -> None:
    command = _only(
        "cd sub && CGO_ENABLED=0 go build -tags=a,b -v -o ../out/app ./cmd/x", "ENV GOOS=linux\n"
    )
    assert (command.folder, command.packages, command.output()) == (
        "/src/sub",
        ("./cmd/x",),
        "/src/out/app",
    )
    assert [(flag.name, flag.value) for flag in command.flags] == [
        ("tags", "a,b"),
        ("v", ""),
        ("o", "../out/app"),
    ]
    assert (command.setting("CGO_ENABLED"), command.setting("GOOS"), command.setting("CC")) == (
        "0",
        "linux",
        None,
    )


@pytest.mark.parametrize(
    "run",
    ["--mount=type=cache,target=/x \\\n  # why\n  go build -o a .", "\\\n\n go build \\\n -o a .", "--network=none --mount=type=bind,target=. go build -o a ."],
)  # fmt: skip
def test_that_flags_comments_and_continuations_before_the_command_stay(run: str) -> None:
    command = _only(run)
    edit = merged_ldflags(command)
    assert edit is not None
    text = apply_edits(command.instruction.text, [edit])
    assert text == f"RUN {run}\n".replace("go build", 'go build -ldflags="-s -w"')


def test_that_a_flag_is_removed_with_its_value_and_nothing_else() -> None:
    command = _only("go build -a -installsuffix cgo \\\n  -o app .")
    flags = [flag for flag in command.flags if flag.name in ("a", "installsuffix")]
    text = apply_edits(command.instruction.text, [command.remove(flag) for flag in flags])
    assert text == "RUN go build \\\n  -o app .\n"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$A", "1"), ("${A}x", "1x"), ("${B}", "${B}"), ("${B:-d}", "d"), ("${A:-d}", "1"), ("${A:+p}", "p"), ("${B:+p}", ""),
        ("${E:-d}", "d"), ("${E-d}", ""), ("\\$A", "$A"), ("'$A'", "$A"), ('"$A"', "1"), ("${B:-${A}}", "1"), ("$", "$"), ("${B:-a b}", "a b"),
    ],
)  # fmt: skip
def test_that_variables_are_expanded_as_buildkit_does(text: str, result: str) -> None:
    assert expand(text, {"A": "1", "E": ""}) == result


def test_that_unknown_variables_are_named() -> None:
    assert unresolved("$A-${B:-$C}-${D}", {"A": "1"}) == {"C", "D"}


def test_that_words_pairs_and_flags_are_split() -> None:
    assert split_words("a 'b c'  d\\ e") == ("a", "b c", "d e")
    assert name_values('A=1 B="x y"') == (("A", "1"), ("B", '"x y"'))
    assert name_values("A the rest") == (("A", "the rest"),)
    assert name_values("A=1 B") is None
    assert take_flags('--from=x --chown="a b" -- y z') == (("--from=x", "--chown=a b"), "y z")


@given(st.text(max_size=60))
def test_that_expansion_never_fails(text: str) -> None:
    expand(text, {"A": "1"})
    split_words(text)
    take_flags(text)
    name_values(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ARG TOKEN=abc", f"ARG TOKEN={MASK}"),
        ("ENV DB_PASSWORD='a b' X=1", f"ENV DB_PASSWORD={MASK} X=1"),
        ("ENV API_KEY abc def", f"ENV API_KEY {MASK}"),
        ("RUN npmToken=abc x", f"RUN npmToken={MASK} x"),
        ("RUN git clone https://user:pw@x.com/y", f"RUN git clone https://user:{MASK}@x.com/y"),
        ("RUN curl -H 'Authorization: Bearer abc.def' x", f"RUN curl -H 'Authorization: Bearer {MASK}' x"),
        ("RUN echo machine x login y password z > .netrc", f"RUN echo machine x login y password {MASK} > .netrc"),
        ("RUN x ghp_" + "a" * 36, f"RUN x {MASK}"),
        ("ARG TOKEN", "ARG TOKEN"),
        ("ENV TOKEN=$TOKEN", "ENV TOKEN=$TOKEN"),
        ("ENV PUBLIC_KEY=abc KEY_FILE=/x", "ENV PUBLIC_KEY=abc KEY_FILE=/x"),
        ("RUN go build -tags=netgo -o key .", "RUN go build -tags=netgo -o key ."),
        ("ENV MONKEY=1 KEYBOARD=us", "ENV MONKEY=1 KEYBOARD=us"),
    ],
)  # fmt: skip
def test_that_secrets_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_that_secrets_are_named_once() -> None:
    assert secret_names("ARG TOKEN=a\nENV TOKEN=a PASSWORD=b\nENV X=1\n") == ("TOKEN", "PASSWORD")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "key_" * 20_000, "a_" * 40_000 + "=x", "a." * 40_000, "\n" * 80_000, "Authorization:" + " " * 80_000, "ENV " * 20_000,
        "https://" * 10_000, '"$(' * 20_000, "${a:-" * 20_000, "machine x " * 10_000, "a=b " * 20_000,
    ],
)  # fmt: skip
def test_that_texts_made_to_stall_are_read_to_their_end(text: str) -> None:
    # A quadratic pattern would run into the timeout of the tests.
    redact(text)
    script(text)
    expand(text, {})
    split_words(text)
    unresolved(text, {})
    parse(text)
