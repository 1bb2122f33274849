"""What breaks when modules are downloaded earlier and caches are mounted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.dockerfile.projects import (
    NAIVE,
    SOURCES,
    Project,
    change_of,
)


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        ({"main.go": "package main\n"}, "There is no go.mod in the source folder."),
        ({**SOURCES, "vendor/modules.txt": "#\n"}, "The modules are in vendor/; nothing is downloaded."),
        ({**SOURCES, "go.mod": "module m\n\nreplace example.com/x => ../x\n"}, "go.mod or go.work names ../x, outside of the source folder."),
        ({**SOURCES, "go.mod": "module m\n\nreplace example.com/x => ./x\n"}, "go.mod or go.work names x, which has no go.mod."),
    ],
)  # fmt: skip
def test_that_modules_are_not_downloaded_first_where_that_would_fail(
    tmp_path: Path, sources: Mapping[str, str], why: str
) -> None:
    change = change_of(Project(sources=sources).plan(tmp_path), "modules-first")
    assert (change.available, change.why_off) == (False, why)


def test_that_local_modules_and_workspaces_are_copied_before_the_download(tmp_path: Path) -> None:
    sources = {
        **SOURCES, "go.mod": "module m\n\nreplace (\n\texample.com/x => ./lib/x\n)\n", "lib/x/go.mod": "module x\n",
        "go.work": "go 1.26\n\nuse (\n\t.\n\t./tool\n)\n", "tool/go.mod": "module tool\n",
    }  # fmt: skip
    made = Project(sources=sources).plan(tmp_path)
    assert (
        "COPY go.mod go.sum* go.work go.work.sum* ./\n"
        "COPY lib/x/go.mod lib/x/go.sum* ./lib/x/\n"
        "COPY tool/go.mod tool/go.sum* ./tool/\n"
    ) in made.rewritten


@pytest.mark.parametrize(
    "step",
    [
        "RUN git config --global url.x.insteadOf y\n",
        "COPY .netrc /root/.netrc\n",
        "ENV GOPRIVATE=example.com\n",
        "RUN go mod tidy\n",
        "RUN go generate ./...\n",
    ],
)
def test_that_modules_are_not_downloaded_before_access_to_them_is_set_up(
    tmp_path: Path, step: str
) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", step + "RUN")).plan(tmp_path)
    assert not change_of(made, "modules-first").available


def test_that_a_download_that_stands_too_late_is_moved_up(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", "RUN go mod download\nRUN")).plan(tmp_path)
    assert made.rewritten.count("go mod download") == 1
    assert made.rewritten.index("go mod download") < made.rewritten.index("COPY . .")


def test_that_modules_are_copied_where_the_sources_go(tmp_path: Path) -> None:
    text = NAIVE.replace("WORKDIR /app\nCOPY . .\n", "COPY . /app\nWORKDIR /app\n")
    made = Project(dockerfile=text).plan(tmp_path)
    assert "COPY go.mod go.sum* /app/\n" in made.rewritten
    assert "cd /app && go mod download\n" in made.rewritten


@pytest.mark.parametrize(
    "step",
    [
        "RUN cp -r /go/pkg/mod/x.com/y/assets .\n",
        "RUN cp -r $(go list -f '{{.Dir}}' -m x.com/y)/a .\n",
        "RUN make assets\n",
        "RUN ./build.sh\n",
        "RUN <<EOF\ngo generate ./...\nEOF\n",
    ],
)
def test_that_caches_are_not_mounted_where_another_step_reads_them(
    tmp_path: Path, step: str
) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", step + "RUN", 1)).plan(tmp_path)
    assert not change_of(made, "cache-mounts").available


def test_that_a_later_stage_that_copies_the_cache_stops_the_mounts(tmp_path: Path) -> None:
    text = (
        NAIVE.replace("FROM golang:1.27-bookworm", "FROM golang:1.27-bookworm AS a")
        + "FROM a\nCOPY --from=a /go/pkg/mod /m\n"
    )
    assert not change_of(Project(dockerfile=text).plan(tmp_path), "cache-mounts").available


def test_that_another_user_is_asked_before_caches_are_mounted(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", "USER 1000\nRUN")).plan(tmp_path)
    assert not change_of(made, "cache-mounts").enabled


@pytest.mark.parametrize(
    ("env", "modules", "builds"),
    [
        ("", "/go/pkg/mod", "/root/.cache/go-build"),
        ("ENV GOPATH=/gp GOCACHE=/gc\n", "/gp/pkg/mod", "/gc"),
        ("ENV GOMODCACHE=/gm HOME=/h\n", "/gm", "/h/.cache/go-build"),
        ("ENV XDG_CACHE_HOME=/xdg\n", "/go/pkg/mod", "/xdg/go-build"),
    ],
)
def test_that_mounts_lie_where_go_looks(
    tmp_path: Path, env: str, modules: str, builds: str
) -> None:
    made = Project(dockerfile=NAIVE.replace("WORKDIR", env + "WORKDIR")).plan(tmp_path)
    assert (
        f"--mount=type=cache,target={modules} --mount=type=cache,target={builds} " in made.rewritten
    )
