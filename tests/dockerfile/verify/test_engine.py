"""Images started and compared in real engines: what is the same, and each way in which a rewrite can break a program."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from explorer.dockerfile.verify.model import (
    DIFFERS,
    INCONCLUSIVE,
    NAMESPACE,
    SAME,
    Verification,
    VerifyOptions,
)
from explorer.dockerfile.verify.verdict import verify
from explorer.engine.client import Engine, connect
from explorer.errors import ImageNotFound
from explorer.task import Cancelled, Progress, Task
from tests.engine.docker import Docker, private_engine
from tests.support.builds import image, tool
from tests.support.projects import program

pytestmark = [pytest.mark.engine, pytest.mark.slow]

OLD, NEW = "image-explorer.local/verify-old:1", "image-explorer.local/verify-new:1"
QUICK = VerifyOptions(start_seconds=8, quiet_seconds=1, stop_seconds=4)
Files = Mapping[str, bytes | Path | str]

SERVER = """package main

import (
	"html/template"
	"log"
	"net/http"
	"time"
)

func main() {
	page, err := template.ParseFiles("templates/index.html")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		page.Execute(w, time.Now().Format(time.RFC3339Nano))
	})
	http.Handle("/static/", http.FileServer(http.Dir(".")))
	log.Println("listening")
	log.Fatal(http.ListenAndServe(":8080", nil))
}
"""
# Small programs without net/http, which takes half a minute to compile and links half of the library.
PLAIN = """package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	mode := strings.Join(os.Args[1:], " ")
	switch mode {
	case "once":
		fmt.Println("done")
		return
	case "database":
		fmt.Println("cannot connect to the database")
		os.Exit(1)
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
	case "write":
		if err := os.WriteFile("/data/state", nil, 0o644); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening", os.Getenv("MODE"))
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		connection.Read(make([]byte, 4096))
		body := fmt.Sprintf("mode %q home %q", os.Getenv("MODE"), os.Getenv("HOME"))
		if mode == "chance" {
			body = fmt.Sprint("chance ", strings.Repeat("x", int(time.Now().UnixNano()%97)), "!")
			body = strings.Repeat(body+" ", int(time.Now().UnixNano()/1000%13))
		}
		fmt.Fprintf(connection, "HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n%s", body)
		connection.Close()
	}
}
"""


@pytest.fixture(scope="module")
def graph_engine() -> Iterator[str]:
    with private_engine() as engine:
        yield engine.host


@pytest.fixture
def docker(graph_engine: str) -> Docker:
    return Docker(graph_engine)


@pytest.fixture
def engine(docker: Docker) -> Iterator[Engine]:
    """The engine, as it was before when the test is over."""
    before = docker.state()
    yield connect(docker.host)
    docker.remove(OLD, NEW)
    assert docker.state() == before


def _verify(
    engine: Engine,
    docker: Docker,
    old: tuple[Files, tuple[str, ...]],
    new: tuple[Files, tuple[str, ...]],
    options: VerifyOptions = QUICK,
) -> Verification:
    docker.remove(OLD, NEW)
    image(docker, OLD, old[0], *old[1])
    image(docker, NEW, new[0], *new[1])
    return verify(Task(), engine, OLD, NEW, options)


def _results(found: Verification) -> dict[str, str]:
    return {check.name: check.result for check in found.checks}


def _differing(found: Verification) -> dict[str, str]:
    return {check.name: check.evidence for check in found.checks if check.result == DIFFERS}


@pytest.fixture(scope="module")
def plain() -> Path:
    return program(PLAIN, "-ldflags=-s -w")


@pytest.fixture(scope="module")
def server() -> Path:
    return program(SERVER, "-ldflags=-s -w")


_PAGE = '<!doctype html><link href="/static/a.css"><p>{{.}}</p>'
_SERVICE = ("WORKDIR /src", "EXPOSE 8080", 'CMD ["./app"]')


def _service(server: Path) -> dict[str, bytes | Path | str]:
    return {
        "src/": "",
        "src/app": server,
        "src/main.go": "package main",
        "src/templates/": "",
        "src/templates/index.html": _PAGE,
        "src/static/": "",
        "src/static/a.css": "b {}",
        "tmp/": "",
    }


def test_that_a_service_without_its_sources_is_the_same(
    engine: Engine, docker: Docker, server: Path
) -> None:
    old = _service(server)
    new = {name: content for name, content in old.items() if not name.endswith(".go")}
    files = (b"src/templates/index.html", b"/src/static/a.css")
    options = VerifyOptions(files=files, stop_seconds=4)
    found = _verify(engine, docker, (old, _SERVICE), (new, _SERVICE), options)
    assert (found.verdict, _differing(found)) == (SAME, {})
    results = _results(found)
    assert results["GET /static/a.css on port 8080"] == SAME
    assert {"GET / on port 8080", "Stops as before", "Output", "Files written"} <= set(results)
    assert any("/static/a.css" in text for text in found.untested)


def test_that_a_current_engine_gives_the_same_verdict(server: Path) -> None:
    host = os.environ.get("MODERN_DOCKER_HOST", "")
    if not host:
        pytest.skip("no current engine is named by MODERN_DOCKER_HOST (packaging/test.sh does)")
    docker, files = Docker(host), _service(server)
    found = _verify(connect(host), docker, (files, _SERVICE), (files, _SERVICE))
    docker.remove(OLD, NEW)
    assert (found.verdict, _differing(found)) == (SAME, {})


@pytest.mark.parametrize(
    ("lost", "check"),
    [
        ("src/templates/index.html", "GET / on port 8080"),
        ("src/static/a.css", "GET /static/a.css on port 8080"),
        ("tmp/", "Folder for temporary files"),
    ],
)
def test_that_a_file_the_service_needs_is_missed(
    engine: Engine, docker: Docker, server: Path, lost: str, check: str
) -> None:
    old = _service(server)
    new = {name: content for name, content in old.items() if name != lost}
    found = _verify(engine, docker, (old, _SERVICE), (new, _SERVICE))
    assert found.verdict == DIFFERS
    assert check in _differing(found)


def test_that_lost_certificates_are_missed(engine: Engine, docker: Docker, server: Path) -> None:
    bundle = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    path = "etc/ssl/certs/ca-certificates.crt"
    old = {**_service(server), path: bundle + bundle.replace("AAAA", "BBBB")}
    client = program(
        'package main\n\nimport (\n\t"fmt"\n\t"net/http"\n)\n\n'
        'func main() {\n\t_, err := http.Get("https://localhost")\n\tfmt.Println(err != nil)\n}\n',
        "-ldflags=-s -w",
    )
    old["src/app"] = client
    for new in ({**old, path: bundle}, {k: v for k, v in old.items() if k != path}):
        found = _verify(engine, docker, (old, _SERVICE), (new, _SERVICE))
        assert "Trusted certificates" in _differing(found)


def test_that_lost_time_zones_are_missed(engine: Engine, docker: Docker) -> None:
    source = (
        'package main\n\nimport (\n\t"fmt"\n\t"time"\n)\n\nfunc main() {\n'
        '\tzone, err := time.LoadLocation("Europe/Berlin")\n\tfmt.Println(zone, err)\n}\n'
    )
    zones = Path("/usr/share/zoneinfo/Europe/Berlin")
    if not zones.exists():
        pytest.skip("no time zone data on this machine (Debian package tzdata)")
    app = program(source, "-ldflags=-s -w")
    old: Files = {"app": app, "usr/share/zoneinfo/Europe/Berlin": zones.read_bytes()}
    found = _verify(engine, docker, (old, ('CMD ["/app"]',)), ({"app": app}, ('CMD ["/app"]',)))
    assert set(_differing(found)) == {"Time zones", "Output"}
    assert "unknown time zone Europe/Berlin" in _differing(found)["Output"]


def test_that_a_program_which_needs_libraries_cannot_start_without_them(
    engine: Engine, docker: Docker, tmp_path: Path
) -> None:
    if not shutil.which("gcc"):
        pytest.skip("no C compiler for a program that is linked dynamically")
    source = (
        'package main\n\n// #include <stdlib.h>\nimport "C"\nimport "fmt"\n\n'
        "func main() {\n\tfmt.Println(C.abs(-1))\n}\n"
    )
    app = program(source, CGO_ENABLED="1", PATH=f"{os.environ['PATH']}")
    interpreter = Path("/lib64/ld-linux-x86-64.so.2")
    library = next(Path("/lib").glob("*/libc.so.6"), None)
    if library is None or not interpreter.exists():
        pytest.skip("this machine's C library is not glibc for amd64")
    rest = {
        "lib64/ld-linux-x86-64.so.2": interpreter,
        f"lib/{library.parent.name}/libc.so.6": library,
    }
    command = ('CMD ["/app"]',)
    whole: Files = {"app": app, **rest}
    assert _verify(engine, docker, (whole, command), (whole, command)).verdict == SAME
    found = _verify(engine, docker, (whole, command), ({"app": app}, command))
    assert found.verdict == DIFFERS
    assert "/lib64/ld-linux-x86-64.so.2" in _differing(found)["The program is there"]
    assert found.untested[0] == "The images were not started: the new one cannot."
    old_library = library.read_bytes().replace(b"GLIBC_2.34\0", b"GLIBC_9.34\0")
    older: Files = {**whole, f"lib/{library.parent.name}/libc.so.6": old_library}
    found = _verify(engine, docker, (whole, command), (older, command))
    assert "libc.so.6 (GLIBC_2.34)" in _differing(found)["Libraries can be found"]


def test_that_a_start_script_misses_its_shell_and_its_programs(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    script = "#!/bin/sh\nwait-for db\nexec /app once\n"
    shell = tool()  # any program: here it is only looked up
    old: Files = {"app": plain, "run.sh": script, "bin/sh": shell, "bin/wait-for": shell}
    command = ('ENTRYPOINT ["/run.sh"]',)
    without_shell: Files = {name: old[name] for name in ("app", "run.sh")}
    found = _verify(engine, docker, (old, command), (without_shell, command))
    assert "/bin/sh" in _differing(found)["The program is there"]
    without_program: Files = {name: old[name] for name in ("app", "run.sh", "bin/sh")}
    found = _verify(engine, docker, (old, command), (without_program, command))
    assert _differing(found)["Programs that the start script runs"] == (
        "The new image lacks wait-for."
    )


def test_that_a_program_of_another_name_or_mode_is_missed(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    command = ('CMD ["/app"]',)
    found = _verify(engine, docker, ({"app": plain}, command), ({"app2": plain}, command))
    assert _differing(found) == {"The program is there": "The new image has no /app."}
    found = _verify(engine, docker, ({"app": plain}, command), ({"app": "not a program"}, command))
    assert "may not be executed" in _differing(found)["The program is there"]


def test_that_a_lost_variable_changes_what_is_answered(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    old = ("ENV MODE=release", 'CMD ["/app"]')
    found = _verify(engine, docker, ({"app": plain}, old), ({"app": plain}, ('CMD ["/app"]',)))
    assert set(_differing(found)) == {
        "Config",
        "Output",
        "GET / on port 8080",
        "GET /image-explorer-no-such-page on port 8080",
    }


def test_that_a_user_who_may_not_write_is_missed(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    files: Files = {"app": plain, "data/": ""}
    command = ('CMD ["/app", "write"]',)
    new = ("USER 65532:65532", *command)
    options = VerifyOptions(
        intended=frozenset({"user"}), start_seconds=8, quiet_seconds=1, stop_seconds=4
    )
    found = _verify(engine, docker, (files, command), (files, new), options)
    assert "permission denied" in _differing(found)["Starts, and ends as before"]
    assert _results(found)["Config"] == SAME


def test_that_an_unknown_user_is_missed(engine: Engine, docker: Docker, plain: Path) -> None:
    old: Files = {"app": plain, "etc/passwd": "app:x:1000:1000::/:\n", "etc/group": "app:x:1000:\n"}
    command = ("USER app:app", 'CMD ["/app"]')
    found = _verify(engine, docker, (old, command), ({"app": plain}, command))
    assert _differing(found)["The user can be found"] == "The new image does not know app, app."


def test_that_a_health_check_without_its_program_is_missed(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    old: Files = {"app": plain, "bin/sh": tool(), "bin/curl": tool()}
    command = ("HEALTHCHECK CMD curl -f http://localhost:8080/healthz", 'CMD ["/app"]')
    found = _verify(engine, docker, (old, command), ({"app": plain}, command))
    assert _differing(found)["The health check can run"] == "The new image lacks /bin/sh, curl."
    assert _differing(found)["Health check"] == "Old: healthy. New: unhealthy."
    assert "GET /healthz on port 8080" in _results(found)


def test_that_a_program_which_no_longer_ends_when_asked_is_missed(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    files = {"app": plain}
    options = VerifyOptions(intended=frozenset({"cmd"}), quiet_seconds=1, stop_seconds=2)
    found = _verify(
        engine, docker, (files, ('CMD ["/app"]',)), (files, ('CMD ["/app", "deaf"]',)), options
    )
    assert set(_differing(found)) == {"Stops as before"}
    assert "had to be killed after 2 s" in _differing(found)["Stops as before"]


def test_that_sqlite_left_out_is_found_by_what_stands_in_for_it(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    stub = program(
        'package main\n\nimport "fmt"\n\nfunc main() {\n'
        "\tfmt.Println(\"Binary was compiled with 'CGO_ENABLED=0', go-sqlite3 requires cgo to work. This is a stub\")\n}\n",
        "-ldflags=-s -w",
    )
    command = ('CMD ["/app", "once"]',)
    found = _verify(engine, docker, ({"app": plain}, command), ({"app": stub}, command))
    assert "Features that need cgo" in _differing(found)


def test_that_other_sources_are_found_by_the_build_information(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    other = program(
        {
            "main.go": 'package main\n\nfunc main() { println("done") }\n',
            "go.mod": "module example.org/b\n",
        }
    )
    command = ('CMD ["/app", "once"]',)
    found = _verify(engine, docker, ({"app": plain}, command), ({"app": other}, command))
    assert "main package example.org/app → example.org/b" in _differing(found)["Build information"]


def test_that_flags_of_the_linker_may_change(engine: Engine, docker: Docker, plain: Path) -> None:
    other = program(PLAIN, "-trimpath")
    command = ('CMD ["/app", "once"]',)
    found = _verify(engine, docker, ({"app": plain}, command), ({"app": other}, command))
    assert (found.verdict, _differing(found)) == (SAME, {})


def test_that_an_old_image_which_cannot_work_alone_proves_nothing(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    both = ({"app": plain}, ('CMD ["/app", "database"]',))
    found = _verify(engine, docker, both, both)
    assert found.verdict == INCONCLUSIVE
    assert "cannot connect to the database" in str(found.checks)


def test_that_an_old_image_which_answers_by_chance_proves_nothing(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    both = ({"app": plain}, ('CMD ["/app", "chance"]',))
    found = _verify(engine, docker, both, both)
    assert found.verdict in (INCONCLUSIVE, DIFFERS)
    assert _results(found)["GET / on port 8080"] != SAME


def test_that_a_container_can_be_reached_through_its_namespace(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    if os.geteuid():
        pytest.skip("only root can enter another network namespace")
    both = ({"app": plain}, ('CMD ["/app"]',))
    options = VerifyOptions(reach=NAMESPACE, quiet_seconds=1, stop_seconds=4)
    found = _verify(engine, docker, both, both, options)
    assert (found.verdict, _results(found)["GET / on port 8080"]) == (SAME, SAME)


def test_that_files_alone_are_no_proof_of_behaviour(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    both = ({"app": plain}, ('CMD ["/app"]',))
    found = _verify(engine, docker, both, both, VerifyOptions(run=False))
    assert (found.verdict, found.untested[0]) == (INCONCLUSIVE, "Neither image was started.")


def test_that_containers_are_limited_and_shut_off(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    both = ({"app": plain}, ('CMD ["/app", "deaf"]', "VOLUME /data"))
    seen: list[str] = []

    def look(progress: Progress) -> None:
        if progress.done == 1:
            seen.extend(docker("network", "ls", "-q", "--filter", "driver=bridge").split())

    image(docker, OLD, both[0], *both[1])
    image(docker, NEW, both[0], *both[1])
    verify(Task(look), engine, OLD, NEW, VerifyOptions(quiet_seconds=1, stop_seconds=1))
    assert len(seen) == 1


@pytest.mark.parametrize("step", [0, 1, 2])
def test_that_a_cancel_in_any_run_leaves_nothing_behind(
    engine: Engine, docker: Docker, plain: Path, step: int
) -> None:
    files = {"app": plain}
    for name in (OLD, NEW):
        image(docker, name, files, 'CMD ["/app", "deaf"]', "VOLUME /data")
    task = Task()

    def cancel(progress: Progress) -> None:
        if progress.total == 3 and progress.done == step:
            threading.Timer(0.6, task.cancel).start()

    task = Task(cancel)
    with pytest.raises(Cancelled):
        verify(task, engine, OLD, NEW, VerifyOptions(stop_seconds=3))


def test_that_images_without_a_program_prove_nothing(
    engine: Engine, docker: Docker, plain: Path
) -> None:
    both: tuple[Files, tuple[str, ...]] = ({"app": plain}, ())
    found = _verify(engine, docker, both, both)
    assert (found.verdict, _differing(found)) == (INCONCLUSIVE, {})


def test_that_an_image_which_is_not_there_is_an_error(engine: Engine) -> None:
    with pytest.raises(ImageNotFound):
        verify(Task(), engine, OLD, NEW)
