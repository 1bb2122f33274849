"""What breaks when half of the time zone database is left out: nothing of Go's, but what names the leap-second zones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.facts import ProgramFacts
from explorer.filesystem.layer import LayerIndex
from explorer.image.model import Config
from tests.dockerfile.projects import (
    GO_ENV,
    NAIVE,
    SOURCES,
    Project,
    change_of,
    go_base,
    rules_of,
    runtime_stage,
)
from tests.dockerfile.traps.cases import code, config_of, using
from tests.support.layers import file

_COPIED = "COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo"
_PRUNED = "COPY --from=build /runtime-zoneinfo /usr/share/zoneinfo"
_ZONED = using("time-zones")


def _base() -> LayerIndex:
    return go_base(
        file("/usr/share/zoneinfo/Europe/Berlin", 2298),
        file("/usr/share/zoneinfo/right/Europe/Berlin", 2850),
    )


def test_that_zones_with_leap_seconds_stay_behind(tmp_path: Path) -> None:
    made = Project(facts=_ZONED, base=_base).plan(tmp_path)
    change = change_of(made, "leap-second-zones")
    assert (change.enabled, change.bytes) == (True, 2850)
    assert _PRUNED in runtime_stage(made)
    assert _COPIED not in runtime_stage(made)
    assert (
        "RUN cp -a /usr/share/zoneinfo /runtime-zoneinfo \\\n && rm -rf /runtime-zoneinfo/right\n"
        in made.rewritten
    )
    off = Project(facts=_ZONED, base=_base, switches={"leap-second-zones": False}).plan(tmp_path)
    assert _COPIED in runtime_stage(off)
    assert off.predicted_bytes == made.predicted_bytes + 2850


def test_that_a_builder_of_another_user_lays_them_out_as_root(tmp_path: Path) -> None:
    text = NAIVE.replace("RUN", "USER web\nRUN")
    project = Project(dockerfile=text, facts=_ZONED, base=_base, config=config_of(user="web"))
    lines = project.plan(tmp_path).rewritten.splitlines()
    assert lines.index("USER 0") < lines.index("RUN cp -a /usr/share/zoneinfo /runtime-zoneinfo \\")


@pytest.mark.parametrize(
    ("facts", "sources", "config"),
    [
        (_ZONED, SOURCES, config_of(env=(*GO_ENV, "TZ=right/Europe/Berlin"))),
        (_ZONED, code('var z, _ = time.LoadLocation("right/UTC")'), config_of()),
        (replace(_ZONED, cgo_packages=("x.com/c",)), SOURCES, config_of()),
        (replace(_ZONED, uses=None, cgo_packages=None), SOURCES, config_of()),
    ],
)
def test_that_zones_that_somebody_may_read_are_kept(
    tmp_path: Path, facts: ProgramFacts, sources: Mapping[str, str], config: Config
) -> None:
    project = Project(
        facts=facts, sources=sources, config=config, base=_base, switches={"split-stages": True}
    )
    made = project.plan(tmp_path)
    change = change_of(made, "leap-second-zones")
    assert (change.enabled, change.available) == (False, True)
    assert _COPIED in runtime_stage(made)


def test_that_a_database_without_them_is_copied_as_it_is(tmp_path: Path) -> None:
    made = Project(facts=_ZONED).plan(tmp_path)
    assert "leap-second-zones" not in rules_of(made)
    assert _COPIED in runtime_stage(made)
