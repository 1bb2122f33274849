"""A service on Gin, with modules of the Go module proxy: dependencies, and bytes by module."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from explorer.gobinary.groups import by_module
from explorer.gobinary.modules import DEPENDENCY, MAIN, STANDARD
from tests.gobinary.programs import Build, analysed, copy_source, go_build, go_output

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
_NO_NETWORK = re.compile(
    r"dial tcp|lookup|proxyconnect|i/o timeout|connection re|502|503|no such host"
)
_WAYS = {
    "static": ((), {}),
    "stripped": (("-ldflags=-s -w",), {}),
    "cgo": ((), {"CGO_ENABLED": "1"}),
}


@pytest.fixture(params=_WAYS)
def service(
    request: pytest.FixtureRequest, go: str, go_caches: Path, needs_gcc: None, tmp_path: Path
) -> Path:
    """The service, built one way."""
    arguments, env = _WAYS[request.param]
    build = Build(arguments, env)
    source = copy_source("gin", tmp_path)
    try:
        return go_build(go, go_caches, source, tmp_path / "service", build, offline=False)
    except RuntimeError as error:
        if _NO_NETWORK.search(str(error)):
            pytest.skip(f"the Go module proxy does not answer: {str(error)[-200:]}")
        raise


def test_that_its_dependencies_are_those_that_go_lists_and_have_bytes(
    go: str, go_caches: Path, service: Path
) -> None:
    binary = analysed(service)
    printed = json.loads(go_output(go, go_caches, "version", "-m", "-json", str(service)))
    listed = {(module["Path"], module["Version"], module["Sum"]) for module in printed["Deps"]}
    assert {(m.path, m.version, m.sum) for m in binary.dependencies or ()} == listed
    modules = {module.path: module for module in by_module(binary)}
    assert {module.group for module in modules.values()} >= {MAIN, DEPENDENCY, STANDARD}
    assert modules["github.com/gin-gonic/gin"].version == "v1.10.0"
    assert modules["github.com/gin-gonic/gin"].total_bytes > 50_000
    packages = {package.name: package.module for package in binary.packages}
    assert (
        packages["github.com/go-playground/validator/v10"]
        == "github.com/go-playground/validator/v10"
    )
    assert packages["gopkg.in/yaml.v3"] == "gopkg.in/yaml.v3"
    # Nothing of a program with a module list is of an unknown module.
    assert {package.group for package in binary.packages} <= {MAIN, DEPENDENCY, STANDARD, "none"}
