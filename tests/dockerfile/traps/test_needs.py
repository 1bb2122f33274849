"""What breaks when something that the running program needs is left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.facts import ProgramFacts
from tests.dockerfile.projects import (
    GO_ENV,
    NAIVE,
    PROGRAM,
    Project,
    change_of,
    rules_of,
    runtime_stage,
)
from tests.dockerfile.traps.cases import UNPROVED, code, config_of, using
from tests.support.layers import Entry, directory, file, symlink


@pytest.mark.parametrize(
    ("test", "image"),
    [
        (("CMD-SHELL", "wget -q -O- http://localhost:8080/ || exit 1"), "alpine:3.20"),
        (("CMD", "/app/server", "health"), "scratch"),
        (("NONE",), "scratch"),
    ],
)
def test_that_the_health_check_finds_its_programs(
    tmp_path: Path, test: tuple[str, ...], image: str
) -> None:
    made = Project(config=config_of(healthcheck=test)).plan(tmp_path)
    assert made.runtime.image == image


def test_that_a_health_check_with_curl_is_not_split_by_itself(tmp_path: Path) -> None:
    config = config_of(healthcheck=("CMD-SHELL", "curl -f http://localhost:8080/"))
    change = change_of(Project(config=config).plan(tmp_path), "split-stages")
    assert not change.enabled
    assert "curl" in change.why_off


def test_that_a_program_that_starts_others_is_not_split_by_itself(tmp_path: Path) -> None:
    sources = code('var c = exec.Command("ffmpeg", "-i", "x")')
    change = change_of(
        Project(facts=using("programs"), sources=sources).plan(tmp_path), "split-stages"
    )
    assert not change.enabled
    assert change.why_off == "The program starts other programs: ffmpeg."


def test_that_packages_of_the_image_are_taken_for_needed(tmp_path: Path) -> None:
    steps = (
        "RUN /bin/sh -c apt-get update && apt-get install -y git ffmpeg # buildkit",
        "RUN /bin/sh -c go build # buildkit",
    )
    change = change_of(Project(steps=steps).plan(tmp_path), "split-stages")
    assert not change.enabled
    assert "ffmpeg" in change.why_off
    assert "git" not in change.why_off


@pytest.mark.parametrize(
    "packages",
    ["git gcc musl-dev", "ca-certificates tzdata", "--no-install-recommends build-essential=12.9"],
)
def test_that_packages_for_building_do_not_stand_in_the_way(tmp_path: Path, packages: str) -> None:
    steps = (
        f"RUN /bin/sh -c apt-get install -y {packages} # buildkit",
        "RUN /bin/sh -c go build # buildkit",
    )
    assert change_of(Project(steps=steps).plan(tmp_path), "split-stages").enabled


def test_that_capabilities_are_not_lost_silently(tmp_path: Path) -> None:
    steps = (
        "COPY . . # buildkit",
        "RUN /bin/sh -c go build && setcap cap_net_bind_service=+ep server # buildkit",
    )
    assert "setcap" in change_of(Project(steps=steps).plan(tmp_path), "split-stages").why_off


def test_that_an_image_for_other_builds_is_not_split_by_itself(tmp_path: Path) -> None:
    text = NAIVE + "ONBUILD COPY . /src\n"
    assert "ONBUILD" in change_of(Project(dockerfile=text).plan(tmp_path), "split-stages").why_off


def test_that_a_program_that_was_not_looked_at_is_not_moved(tmp_path: Path) -> None:
    made = Project(facts=ProgramFacts()).plan(tmp_path)
    assert not change_of(made, "split-stages").enabled


@pytest.mark.parametrize(
    ("facts", "env", "carried"),
    [
        (PROGRAM, (), False),
        (using("time-zones"), (), True),
        (UNPROVED, (), True),
        (PROGRAM, ("TZ=Europe/Berlin",), True),
    ],
)
def test_that_time_zones_are_carried_where_they_may_be_looked_up(
    tmp_path: Path, facts: ProgramFacts, env: tuple[str, ...], carried: bool
) -> None:
    made = Project(
        facts=facts, config=config_of(env=GO_ENV + env), switches={"split-stages": True}
    ).plan(tmp_path)
    assert (
        "COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo" in runtime_stage(made)
    ) is carried


def test_that_a_program_without_tls_needs_no_certificates(tmp_path: Path) -> None:
    made = Project(facts=replace(PROGRAM, uses=frozenset())).plan(tmp_path)
    assert "certificates" not in rules_of(made)


def test_that_certificates_of_the_users_own_are_carried(tmp_path: Path) -> None:
    steps = ("COPY . . # buildkit", "RUN /bin/sh -c update-ca-certificates && go build # buildkit")
    change = change_of(Project(steps=steps).plan(tmp_path), "certificates")
    assert change.enabled
    assert "certificates of its own" in change.reason


def test_that_the_tables_of_content_types_are_carried(tmp_path: Path) -> None:
    made = Project(facts=using("file-types"), own=(file("/etc/mime.types", 73_000),)).plan(tmp_path)
    assert "COPY --from=build /etc/mime.types /etc/mime.types" in runtime_stage(made)


def test_that_a_user_by_name_stays_with_its_accounts(tmp_path: Path) -> None:
    text = NAIVE.replace("CMD", "USER web\nCMD")
    made = Project(dockerfile=text, config=config_of(user="web")).plan(tmp_path)
    stage = runtime_stage(made)
    assert stage.index("COPY --from=build /etc/passwd /etc/passwd") < stage.index("USER web")
    assert "non-root" not in rules_of(made)


def test_that_folders_are_made_by_root_where_the_build_is_not(tmp_path: Path) -> None:
    text = NAIVE.replace("RUN", "USER web\nRUN")
    made = Project(dockerfile=text, config=config_of(user="web")).plan(tmp_path)
    assert "USER 0\nRUN mkdir -p /runtime-root/tmp" in made.rewritten
    assert runtime_stage(made)[-2] == "USER web"


def _owned(path: str, uid: int, mode: int = 0o755) -> Entry:
    from explorer.filesystem.layer import Kind

    return lambda b: b.add(path.strip("/").encode(), Kind.DIRECTORY, mode, uid=uid, gid=uid)


def test_that_folders_keep_owner_and_mode_and_empty_ones_exist(tmp_path: Path) -> None:
    own = (_owned("/app/data", 1000, 0o750), directory("/var/lib/web"), file("/app/data2/x", 1))
    made = Project(own=own).plan(tmp_path)
    assert "install -d -o 1000 -g 1000 -m 750 /runtime-root/app/data" in made.rewritten
    assert "install -d -o 0 -g 0 -m 755 /runtime-root/var/lib/web" in made.rewritten


def test_that_links_stay_links_even_where_they_lead_nowhere(tmp_path: Path) -> None:
    made = Project(own=(symlink("/app/current", "/data/x"),)).plan(tmp_path)
    assert "ln -s /data/x /runtime-root/app/current" in made.rewritten
    assert not any("/app/current" in line for line in runtime_stage(made))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two words.txt", 'COPY --from=build ["/app/two words.txt", "/app/two words.txt"]'),
        ("a[1].txt", 'COPY --from=build ["/app/a[[]1].txt", "/app/a[1].txt"]'),
        ("price$.txt", 'COPY --from=build ["/app/price\\\\$.txt", "/app/price\\\\$.txt"]'),
    ],
)
def test_that_odd_names_are_written_so_that_docker_reads_them_as_names(
    tmp_path: Path, name: str, line: str
) -> None:
    made = Project(own=(file(f"/app/{name}", 3),)).plan(tmp_path)
    assert line in runtime_stage(made)


def test_that_vendored_modules_and_test_data_are_not_carried(tmp_path: Path) -> None:
    own = (
        file("/app/vendor/modules.txt", 9),
        file("/app/vendor/x.com/y/data.bin", 5),
        file("/app/testdata/z", 5),
    )
    made = Project(own=own).plan(tmp_path)
    assert "run-time-files" not in rules_of(made)
