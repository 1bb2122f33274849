"""Packages by the names of functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.gobinary.names import ASSEMBLY, GENERATED, is_init, package_name, split_names


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("main.main", "main"),
        ("net/http.(*conn).serve.func1", "net/http"),
        ("github.com/gin-gonic/gin.(*Context).JSON", "github.com/gin-gonic/gin"),
        ("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3"),
        ("slices.Index[go.shape.[]github.com/a/b.T,go.shape.int]", "slices"),
        ("example.com/x.Set[example.com/y.K].Add", "example.com/x"),
        ("encoding/json.glob..func1", "encoding/json"),
        ("main.(*struct { sync.Mutex; a/b.C }).Lock", "main"),
        ("type:.eq.net/http.Request", GENERATED),
        ("type..eq.net/http.Request", GENERATED),
        ("go:buildid", GENERATED),
        ("go.(*struct { sync.Mutex; a/b.C }).Lock", GENERATED),
        ("_rt0_amd64_linux", ASSEMBLY),
        ("x_cgo_init", ASSEMBLY),
        ("", ASSEMBLY),
    ],
)
def test_that_a_function_belongs_to_the_package_in_its_name(name: str, package: str) -> None:
    ((raw, rest),) = split_names(name.encode() + b"\0")
    assert package_name(raw, rest) == package
    assert raw + rest == name.encode()


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("a/b.init", True),
        ("a/b.init.0", True),
        ("a/b.init.12", True),
        ("a/b.map.init.0", True),
        ("a/b.initialise", False),
        ("a/b.(*T).init", False),
        ("a/b.init.func1", False),
        ("a/b.init.0.func1", False),
    ],
)
def test_that_init_functions_are_told_from_their_closures_and_from_methods(
    name: str, runs: bool
) -> None:
    ((_, rest),) = split_names(name.encode() + b"\0")
    assert is_init(rest) == runs


@given(st.lists(st.binary(max_size=20).map(lambda raw: raw.replace(b"\0", b"")), max_size=20))
def test_that_names_of_any_bytes_are_split_at_their_ends_and_lose_none(names: list[bytes]) -> None:
    blob = b"".join(name + b"\0" for name in names)
    assert [raw + rest for raw, rest in split_names(blob)] == names


def test_that_a_blob_without_an_end_takes_linear_time() -> None:
    blob = b"a" * 2_000_000 + b"/" * 2_000_000 + b"." * 2_000_000
    ((raw, rest),) = split_names(blob)
    assert len(raw) + len(rest) == len(blob)
