"""The sample projects from naive build to verified rewrite, on a real engine with a real toolchain."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.context import read_context
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.files import rewrite_files
from explorer.dockerfile.rewrite.inputs import entry_facts, known_images
from explorer.dockerfile.rewrite.plan import Preparation, plan, prepare
from explorer.dockerfile.rewrite.trial import verify_options
from explorer.dockerfile.verify.model import DIFFERS, SAME, Verification
from explorer.dockerfile.verify.verdict import verify
from explorer.engine.build import build
from explorer.engine.client import Engine, connect
from explorer.engine.source import open_engine_image
from explorer.filesystem.cache import LayerStore
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from tests.engine.docker import Docker, answers
from tests.support.projects import SAMPLES, with_modules

# The first run compiles the standard library twice and SQLite once; later ones find it all in the engine's build cache.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

_GOLANG = "golang:1.27-bookworm"
_TAG = "image-explorer.local/test-sample"
# The toolchain with compiled packages in its cache, as on a machine where somebody builds every day.
_WARM = f"""FROM {_GOLANG}
WORKDIR /app
COPY . .
RUN go build -o /server . && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /server . && rm -rf /app/* /server
"""
# distroless/base as its makers put it together: glibc, OpenSSL, certificates, zones, accounts of Debian, no shell.
_DISTROLESS = f"""FROM {_GOLANG} AS debian
RUN mkdir -p /root-of/tmp /root-of/lib/x86_64-linux-gnu && chmod 1777 /root-of/tmp && cd /lib/x86_64-linux-gnu \\
 && cp -a libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libnss_*.so.2 ld-linux-x86-64.so.2 /root-of$PWD
FROM scratch
COPY --from=debian /root-of /
COPY --from=debian /lib64/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2
COPY --from=debian /etc/passwd /etc/group /etc/nsswitch.conf /etc/
COPY --from=debian /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=debian /usr/share/zoneinfo /usr/share/zoneinfo
"""
_DEBIAN = f"FROM {_GOLANG}\nRUN rm -rf /usr/local/go\n"


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    found = Docker(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    if not answers(found.host):
        pytest.skip("no container engine answers (packaging/test.sh starts one)")
    if not found("images", "-q", _GOLANG):
        pytest.skip(f"the engine holds no {_GOLANG}")
    yield found
    names = found("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    found.remove(*(name for name in names if name.startswith(_TAG)))


@pytest.fixture(scope="module")
def engine(docker: Docker) -> Engine:
    return connect(docker.host)


def _built(engine: Engine, folder: Path, text: str, name: str) -> str:
    tag = f"{_TAG}-{name}"
    build(Task(), engine, read_context(Task(), folder), text, tag=tag, network="none")
    return tag


@pytest.fixture(scope="module")
def golang(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    project = with_modules(SAMPLES / "gin-clock", tmp_path_factory.mktemp("warm") / "project")
    return _built(engine, project, _WARM, "golang:1")


@pytest.fixture(scope="module")
def store() -> Iterator[LayerStore]:
    """The toolchain's layers are read once for all samples."""
    held = LayerStore.private()
    yield held
    held.close()


class Sample:
    """A sample's naive image, analysed, and rewrites of it that are built and verified."""

    def __init__(
        self, engine: Engine, folder: Path, name: str, dockerfile: str, store: LayerStore
    ) -> None:
        self.engine, self.folder, self.name, self.store = engine, folder, name, store
        (folder / "Dockerfile").write_text(dockerfile)
        self.old = _built(engine, folder, dockerfile, f"{name}:old")
        self.analysis = analyse(Task(), Options(self.old), store)
        source = open_engine_image(engine, self.old)
        self.facts = entry_facts(Task(), source, self.analysis, None)
        source.close()
        self.images = known_images(Task(), engine, self.analysis)

    def prepared(self, runtime: str = "auto") -> Preparation:
        files = rewrite_files(Task(), "", str(self.folder))
        options = RewriteOptions(runtime)
        return prepare(self.analysis, files.text, files.sources, self.facts, options, self.images)

    def rewritten(
        self,
        prepared: Preparation,
        switches: Mapping[str, bool] | None = None,
        bases: Mapping[str, str] | None = None,
    ) -> tuple[RewritePlan, str]:
        """The plan and the image built from it; `bases` stand in for those that no registry gives here."""
        # The cache of the toolchain's image is warm, a mount would be empty.
        found = plan(prepared, {"cache-mounts": False, **(switches or {})})
        text = found.rewritten
        for known, stand_in in (bases or {}).items():
            assert f"FROM {known}\n" in text
            text = text.replace(f"FROM {known}\n", f"FROM {stand_in}\n")
        return found, _built(self.engine, self.folder, text, f"{self.name}:new")

    def verified(
        self, found: RewritePlan, prepared: Preparation, new: str, *paths: str, run: bool = True
    ) -> Verification:
        options = verify_options(found, prepared.case.evidence.run_files)
        options = replace(options, paths=paths, quiet_seconds=1, stop_seconds=3, run=run)
        return verify(Task(), self.engine, self.old, new, options)

    def content_bytes(self, name: str) -> int:
        return analyse(Task(), Options(name), self.store).totals.content_bytes


def _sample(
    name: str,
    engine: Engine,
    golang: str,
    store: LayerStore,
    folder: Path,
    *changes: tuple[str, str],
) -> Sample:
    project = with_modules(SAMPLES / name, folder / "project")
    text = (project / "Dockerfile").read_text()
    for before, after in ((_GOLANG, golang), *changes):
        assert before in text
        text = text.replace(before, after)
    return Sample(engine, project, name, text, store)


def _differing(found: Verification) -> dict[str, str]:
    return {check.name: check.evidence for check in found.checks if check.result == DIFFERS}


def _within(share: float, built: int, predicted: int) -> bool:
    return abs(built - predicted) <= share * predicted


# ---- SQLite


@pytest.fixture(scope="module")
def sqlite(
    engine: Engine, golang: str, store: LayerStore, tmp_path_factory: pytest.TempPathFactory
) -> Sample:
    # SQLite takes a minute when it is optimized; what the program needs does not depend on it.
    quick = ("RUN go build", "RUN CGO_CFLAGS=-O0 go build")
    return _sample("gin-sqlite", engine, golang, store, tmp_path_factory.mktemp("sqlite"), quick)


def test_that_a_program_with_c_runs_in_an_empty_image_with_its_own_libraries(
    sqlite: Sample,
) -> None:
    prepared = sqlite.prepared()
    found, new = sqlite.rewritten(prepared)
    assert found.runtime.choice == "scratch"
    verified = sqlite.verified(found, prepared, new)
    assert (verified.verdict, _differing(verified)) == (SAME, {})
    size = sqlite.content_bytes(new)
    assert _within(0.05, size, found.predicted_bytes)
    assert size < 0.02 * found.original_bytes


@pytest.mark.parametrize("runtime", ["base", "debian"])
def test_that_a_program_with_c_runs_on_the_runtime_that_was_wished_for(
    sqlite: Sample, tmp_path: Path, runtime: str
) -> None:
    known, text = {
        "base": ("gcr.io/distroless/base-debian12", _DISTROLESS),
        "debian": ("debian:bookworm-slim", _DEBIAN),
    }[runtime]
    stand_in = _built(sqlite.engine, tmp_path, text, f"{runtime}:1")
    prepared = sqlite.prepared(runtime)
    found, new = sqlite.rewritten(prepared, bases={known: stand_in})
    verified = sqlite.verified(found, prepared, new)
    assert (verified.verdict, _differing(verified)) == (SAME, {})


# ---- time zones and certificates


@pytest.fixture(scope="module")
def clock(
    engine: Engine, golang: str, store: LayerStore, tmp_path_factory: pytest.TempPathFactory
) -> Sample:
    # The toolchain's image has what this installs, and there is no network.
    install = ("RUN apt-get update && apt-get install -y tzdata ca-certificates\n", "")
    return _sample("gin-clock", engine, golang, store, tmp_path_factory.mktemp("clock"), install)


_CLOCK_PATHS = ("/zone/America/New_York", "/certificates", "/user")


def test_that_zones_certificates_and_health_check_go_along(clock: Sample, docker: Docker) -> None:
    if not docker("images", "-q", "alpine:3.20"):
        pytest.skip("the engine holds no alpine:3.20")
    prepared = clock.prepared()
    found, new = clock.rewritten(prepared)
    assert found.runtime.image == "alpine:3.20"
    verified = clock.verified(found, prepared, new, *_CLOCK_PATHS)
    assert (verified.verdict, _differing(verified)) == (SAME, {})
    stops = next(check.evidence for check in verified.checks if check.name == "Stops as before")
    assert "had to be killed" in stops
    assert "As intended" in stops
    assert _within(0.05, clock.content_bytes(new), found.predicted_bytes)
    less, without = clock.rewritten(prepared, {"time-zones": False})
    differing = _differing(clock.verified(less, prepared, without, run=False))
    assert set(differing) == {"Time zones"}


# ---- a start script


@pytest.fixture(scope="module")
def entrypoint(
    engine: Engine, golang: str, store: LayerStore, tmp_path_factory: pytest.TempPathFactory
) -> Sample:
    return _sample("gin-entrypoint", engine, golang, store, tmp_path_factory.mktemp("entrypoint"))


def test_that_a_start_script_keeps_its_image_until_somebody_knows_better(
    entrypoint: Sample, docker: Docker
) -> None:
    if not docker("images", "-q", "alpine:3.20"):
        pytest.skip("the engine holds no alpine:3.20")
    prepared = entrypoint.prepared()
    found, new = entrypoint.rewritten(prepared)
    change = next(change for change in found.changes if change.rule == "split-stages")
    assert (change.enabled, change.available) == (False, True)
    verified = entrypoint.verified(found, prepared, new, run=False)
    assert _differing(verified) == {}
    files = next(
        c.evidence for c in verified.checks if c.name == "Files that the program needs at run time"
    )
    assert files.endswith("Rebuilt from the same modules: /app/server.")
    split, small = entrypoint.rewritten(prepared, {"split-stages": True})
    assert split.runtime.image == "alpine:3.20"
    verified = entrypoint.verified(split, prepared, small)
    assert (verified.verdict, _differing(verified)) == (SAME, {})
    assert _within(0.05, entrypoint.content_bytes(small), split.predicted_bytes)
    assert entrypoint.content_bytes(small) < 0.03 * split.original_bytes
