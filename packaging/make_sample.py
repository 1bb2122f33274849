"""Builds the bundled sample image from resources/samples: python packaging/make_sample.py [OUTPUT].

Needs Go and git. The result depends only on these sources and on the releases of Go, git and zstandard: same inputs, same bytes.
What is real: the service's binary, a part of the build cache that `go build` left, the module cache, a part of Go's source
tree, the git folder. What is a stand-in of repeated text: the Debian-like base, the apt lists and the C compiler.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import zstandard

PROJECT = Path(__file__).resolve().parent.parent
SAMPLES = PROJECT / "resources" / "samples"
OUTPUT = SAMPLES / "naive-go-service.oci.tar"
LIMIT = 4_000_000  # bytes, of the archive
EPOCH = 1_768_471_200  # 2026-01-15T10:00:00Z, the time of everything in the image
MODULE = ("example.org/greeting", "v1.2.0")
APP = 1000  # uid and gid of the user "app"

# Parts of Go's source tree that the image keeps, under src/.
GO_SOURCES = ("bufio", "bytes", "errors", "fmt", "io", "sort", "strings")
# Larger files of the build cache are left out, so that the archive stays under its limit.
CACHED_FILE_LIMIT = 48_000
# Uncompressed debug data: larger in the image and yet smaller in the archive, for a compressor sees through it.
GO_BUILD = ("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-compressdwarf=false")

WORDS = (
    "archive",
    "binary",
    "cache",
    "device",
    "engine",
    "file",
    "image",
    "index",
    "kernel",
    "layer",
)


@dataclass
class Layer:
    """Entries of one layer by path; a directory ends with a slash."""

    created_by: str
    media: str = "zstd"
    entries: dict[str, tuple[tarfile.TarInfo, bytes]] = field(default_factory=dict)

    def add(self, path: str, content: bytes | str = b"", mode: int = 0, owner: int = 0) -> None:
        """A regular file, or a directory when `path` ends with a slash; folders above it come by themselves."""
        parent, _, name = path.rstrip("/").rpartition("/")
        if parent and parent + "/" not in self.entries:
            self.add(parent + "/", owner=owner)
        info = tarfile.TarInfo(path)
        info.type = tarfile.REGTYPE if name and not path.endswith("/") else tarfile.DIRTYPE
        data = content.encode() if isinstance(content, str) else content
        info.size = len(data)
        info.mode = mode or (0o644 if info.isreg() else 0o755)
        info.mtime, info.uid, info.gid = EPOCH, owner, owner
        self.entries[path] = (info, data)

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self.add(path)
        info = self.entries[path][0]
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777

    def add_tree(self, folder: Path, place: str, owner: int = 0) -> None:
        """All regular files under `folder`, at `place`."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                executable = bool(path.stat().st_mode & 0o100)
                self.add(
                    f"{place}/{path.relative_to(folder).as_posix()}",
                    path.read_bytes(),
                    0o755 if executable else 0o644,
                    owner,
                )

    def delete(self, path: str) -> None:
        """The whiteout of `path`."""
        folder, _, name = path.rpartition("/")
        self.add(f"{folder}/.wh.{name}")

    @cached_property
    def tar(self) -> bytes:
        """The uncompressed layer; nothing may be added afterwards."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path in sorted(self.entries):
                info, data = self.entries[path]
                archive.addfile(info, io.BytesIO(data))
        return buffer.getvalue()

    @cached_property
    def blob(self) -> bytes:
        """The layer as it is stored."""
        if self.media == "gzip":
            return gzip.compress(self.tar, 9, mtime=0)
        # a window of 8 MB is what every reader of zstd must accept
        settings = zstandard.ZstdCompressionParameters.from_level(
            22, window_log=23, source_size=len(self.tar)
        )
        return zstandard.ZstdCompressor(compression_params=settings).compress(self.tar)


def text(seed: str, size: int, words: int = 12) -> str:
    """About `size` bytes of English-looking lines, always the same for a seed."""
    chance = random.Random(seed)
    lines = [" ".join(chance.choices(WORDS, k=words)).capitalize() + "." for _ in range(16)]
    result: list[str] = []
    length = 0
    while length < size:
        line = f"{lines[chance.randrange(16)]}\n"
        result.append(line)
        length += len(line)
    return "".join(result)


def packages(seed: str, count: int) -> Iterator[str]:
    """Stanzas of invented packages in the form of a Debian package list."""
    chance = random.Random(seed)
    for number in range(count):
        name = f"{chance.choice(WORDS)}-{chance.choice(WORDS)}{number % 10}"
        yield (
            f"Package: {name}\nVersion: {number % 7}.{number % 13}-1\nInstalled-Size: {(number % 50) * 64}\n"
            "Maintainer: Sample Maintainers <maintainers@example.org>\nArchitecture: amd64\n"
            f"Depends: libc6 (>= 2.36)\nDescription: {chance.choice(WORDS)} {chance.choice(WORDS)} for the sample image\n"
            f"Section: misc\nPriority: optional\nFilename: pool/main/{name[0]}/{name}/{name}_{number % 7}.{number % 13}-1_amd64.deb\n\n"
        )


def base_layer() -> Layer:
    """A small Debian-like root file system, without its programs."""
    layer = Layer("ADD rootfs.tar / # buildkit", media="gzip")
    layer.add("bin/", mode=0o755)
    layer.add("etc/debian_version", "12.0\n")
    layer.add("etc/os-release", 'PRETTY_NAME="Sample base 12"\nID=sample\nID_LIKE=debian\n')
    layer.add("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")
    layer.add("etc/group", "root:x:0:\napp:x:1000:\n")
    layer.link("etc/mtab", "../proc/self/mounts")
    layer.add("home/app/.profile", "umask 022\n", owner=APP)
    layer.add("root/.profile", "umask 022\n")
    layer.add("tmp/", mode=0o1777)
    layer.add("var/lib/dpkg/status", "".join(packages("base", 90)))
    for package in ("base-files", "libc6", "libgcc-s1", "tzdata"):
        layer.add(f"var/lib/dpkg/info/{package}.list", f"/.\n/usr/share/doc/{package}\n")
        layer.add(f"usr/share/doc/{package}/copyright", text(package, 4_000))
        layer.add(f"usr/share/doc/{package}/changelog", text(package + "changes", 150_000))
    for language in ("de", "es", "fr", "ja", "zh_CN"):
        layer.add(f"usr/share/locale/{language}/LC_MESSAGES/base.mo", text(language, 90_000))
    for page in ("apt.8", "dpkg.1", "passwd.1"):
        layer.add(f"usr/share/man/man{page[-1]}/{page}", text(page, 60_000))
    return layer


def apt_layer() -> Layer:
    """What `apt-get update && apt-get install gcc` leaves."""
    layer = Layer(
        "RUN /bin/sh -c apt-get update && apt-get install -y gcc libc6-dev git # buildkit"
    )
    mirror = "var/lib/apt/lists/deb.example.org_debian_dists_bookworm"
    layer.add(f"{mirror}_InRelease", text("release", 60_000))
    layer.add(f"{mirror}_main_binary-amd64_Packages", "".join(packages("main", 9_000)))
    layer.add("var/lib/apt/lists/lock", mode=0o640)
    layer.add("var/lib/apt/lists/partial/", mode=0o700)
    layer.add("var/cache/apt/pkgcache.bin", text("pkgcache", 1_900_000))
    layer.add("var/cache/apt/srcpkgcache.bin", text("pkgcache", 1_700_000))
    layer.add("var/cache/apt/archives/lock", mode=0o640)
    layer.add("var/lib/dpkg/status", "".join(packages("base", 90)) + "".join(packages("gcc", 40)))
    layer.add("var/lib/dpkg/status-old", "".join(packages("base", 90)))
    for package in ("gcc-12", "libc6-dev", "git"):
        layer.add(f"var/lib/dpkg/info/{package}.list", f"/.\n/usr/share/doc/{package}\n")
        layer.add(f"usr/share/doc/{package}/copyright", text(package, 5_000))
    layer.add("var/log/apt/history.log", text("history", 6_000))
    layer.add("var/log/dpkg.log", text("dpkg log", 40_000))
    layer.add("usr/lib/gcc/x86_64-linux-gnu/12/cc1", text("cc1", 2_800_000), mode=0o755)
    layer.add("usr/lib/gcc/x86_64-linux-gnu/12/lto1", text("lto1", 2_400_000), mode=0o755)
    layer.add("usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a", "!<arch>\n" + text("libgcc", 500_000))
    layer.add("usr/lib/x86_64-linux-gnu/libc.a", "!<arch>\n" + text("libc", 1_200_000))
    for header in ("errno", "fcntl", "pthread", "signal", "stdio", "stdlib", "string", "unistd"):
        layer.add(f"usr/include/{header}.h", f"/* {text(header, 20_000)} */\n")
    return layer


def toolchain_layer(goroot: Path) -> Layer:
    """A piece of a Go installation: its licence and texts, some of its sources, stand-ins for its programs."""
    layer = Layer("COPY /usr/local/go /usr/local/go # buildkit")
    for name in ("LICENSE", "PATENTS", "README.md", "VERSION", "go.env"):
        layer.add(f"usr/local/go/{name}", (goroot / name).read_bytes())
    for package in GO_SOURCES:
        layer.add_tree(goroot / "src" / package, f"usr/local/go/src/{package}")
    stand_in = "#!/bin/sh\necho 'This sample holds only a piece of Go.' >&2\nexit 1\n"
    tools = "pkg/tool/linux_amd64"
    for program in ("bin/go", "bin/gofmt", f"{tools}/compile", f"{tools}/link"):
        layer.add(f"usr/local/go/{program}", stand_in, mode=0o755)
    return layer


def write_source(folder: Path) -> None:
    """The service as its author has it on disk: sources, test data, history."""
    shutil.copytree(SAMPLES / "hello-service", folder)
    rows = random.Random("requests")
    requests = "".join(
        f'{{"method": "GET", "path": "/{rows.choice(("de", "en", "fr", "zh"))}", "status": 200, "number": {number}}}\n'
        for number in range(24_000)
    )
    (folder / "testdata").mkdir()
    (folder / "testdata" / "requests.jsonl").write_text(requests, encoding="utf-8")
    when = f"{EPOCH} +0000"
    git = (
        "git",
        "-c",
        "init.templateDir=",
        "-c",
        "user.name=Sample",
        "-c",
        "user.email=sample@example.org",
    )
    quiet = {
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_DATE": when,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        ("commit", "--quiet", "--no-gpg-sign", "--message=Greet in six languages"),
        # the index holds inode numbers and times: write it anew without them
        ("rm", "--quiet", "-r", "--cached", "."),
        ("read-tree", "HEAD"),
    ):
        run((*git, *command), folder, quiet)
    shutil.rmtree(folder / ".git" / "logs")


def write_proxy(folder: Path) -> None:
    """A module proxy on disk that offers the one module which the service needs."""
    name, version = MODULE
    place = folder / name / "@v"
    place.mkdir(parents=True)
    source = SAMPLES / "greeting"
    (place / "list").write_text(version + "\n", encoding="utf-8")
    (place / f"{version}.info").write_text(
        json.dumps({"Version": version, "Time": stamp(0)}), encoding="utf-8"
    )
    shutil.copy(source / "go.mod", place / f"{version}.mod")
    files = {path.name: path.read_bytes() for path in sorted(source.iterdir())}
    files["testdata/corpus.txt"] = text("corpus", 900_000).encode()
    files["docs/guide.md"] = text("guide", 120_000).encode()
    with zipfile.ZipFile(place / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            info = zipfile.ZipInfo(f"{name}@{version}/{path}")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def run(command: tuple[str, ...], folder: Path, environment: dict[str, str]) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def build_layers(work: Path) -> list[Layer]:
    """All layers, in order, by running Go and git in `work`."""
    source, proxy, gopath, cache = (work / name for name in ("src", "proxy", "go", "cache"))
    write_source(source)
    write_proxy(proxy)
    go = {
        "CGO_ENABLED": "0",
        "GOARCH": "amd64",
        "GOCACHE": str(cache),
        "GOENV": "off",
        "GOFLAGS": "-modcacherw -mod=mod",
        "GONOSUMDB": "*",
        "GOOS": "linux",
        "GOPATH": str(gopath),
        "GOPROXY": proxy.as_uri(),
        "GOSUMDB": "off",
        "GOTELEMETRY": "off",
        "GOTOOLCHAIN": "local",
    }
    run(("go", "mod", "download", "all"), source, go)
    run((*GO_BUILD, "-o", str(work / "hello-service"), "."), source, go)
    binary = (work / "hello-service").read_bytes()
    goroot = Path(run(("go", "env", "GOROOT"), source, go))

    workdir = Layer("WORKDIR /src")
    workdir.add("src/")
    copied = Layer("COPY . . # buildkit")
    copied.add_tree(source, "src")
    modules = Layer("RUN /bin/sh -c go mod download # buildkit")
    modules.add_tree(gopath, "go")
    built = Layer("RUN /bin/sh -c go build -o /usr/local/bin/hello-service . # buildkit")
    built.add("usr/local/bin/hello-service", binary, mode=0o755)
    built.add("tmp/", mode=0o1777)
    built.add("tmp/go-build2748120391/b001/exe/a.out", binary, mode=0o755)
    add_build_cache(built, cache)
    owned = Layer("RUN /bin/sh -c chown -R app:app /src /usr/local/bin/hello-service # buildkit")
    owned.add_tree(source, "src", owner=APP)
    owned.add("usr/local/bin/hello-service", binary, mode=0o755, owner=APP)
    return [
        base_layer(),
        apt_layer(),
        toolchain_layer(goroot),
        workdir,
        copied,
        modules,
        built,
        owned,
        cleanup_layer(),
    ]


def add_build_cache(layer: Layer, cache: Path) -> None:
    """The smaller outputs in Go's build cache, each with an action of our own: Go's depend on paths and times."""
    place = "root/.cache/go-build"
    for path in sorted(cache.glob("??/*-d")):
        data = path.read_bytes()
        if len(data) > CACHED_FILE_LIMIT:
            continue
        output = path.name.removesuffix("-d")
        layer.add(f"{place}/{output[:2]}/{output}-d", data)
        action = hashlib.sha256(output.encode()).hexdigest()
        entry = f"v1 {action} {output} {len(data):>20} {EPOCH * 10**9:>20}\n"
        layer.add(f"{place}/{action[:2]}/{action}-a", entry)
    layer.add(f"{place}/README", (cache / "README").read_bytes())
    layer.add(f"{place}/trim.txt", str(EPOCH))


def cleanup_layer() -> Layer:
    """The clean-up that comes too late: whiteouts of files in earlier layers, and one opaque directory."""
    layer = Layer(
        "RUN /bin/sh -c rm -rf /var/lib/apt/lists/* /src/.git && rm -rf /var/cache/apt"
        " && mkdir -p /var/cache/apt/archives # buildkit"
    )
    lists = "var/lib/apt/lists"
    for path in apt_layer().entries:
        folder, _, name = path.rstrip("/").rpartition("/")
        if folder == lists and name:
            layer.delete(f"{lists}/{name}")
    layer.delete("src/.git")
    layer.add("var/cache/apt/.wh..wh..opq")
    layer.add("var/cache/apt/archives/")
    return layer


def stamp(step: int) -> str:
    """The time of a build step, RFC 3339."""
    return (datetime.fromtimestamp(EPOCH, UTC) + timedelta(seconds=7 * step)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


# Instructions that make no layer, each after the layer with this index.
EMPTY_STEPS = {
    0: ['CMD ["/bin/sh"]'],
    2: [
        "ENV PATH=/usr/local/go/bin:/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV GOPATH=/go",
    ],
    8: [
        "ENV PORT=8080",
        "EXPOSE map[8080/tcp:{}]",
        "USER app",
        'CMD ["/usr/local/bin/hello-service"]',
    ],
}


def image_config(layers: list[Layer]) -> bytes:
    """The image's configuration with the whole history."""
    history: list[dict[str, object]] = []
    for index, layer in enumerate(layers):
        for step in (layer.created_by, *EMPTY_STEPS.get(index, ())):
            entry = {"created": stamp(len(history)), "created_by": step}
            empty = {} if step == layer.created_by else {"empty_layer": True}
            history.append(entry | {"comment": "buildkit.dockerfile.v0"} | empty)
    environment = [
        step.removeprefix("ENV ")
        for steps in EMPTY_STEPS.values()
        for step in steps
        if step.startswith("ENV ")
    ]
    return compact(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": stamp(len(history) - 1),
            "config": {
                "User": "app",
                "ExposedPorts": {"8080/tcp": {}},
                "Env": environment,
                "Cmd": ["/usr/local/bin/hello-service"],
                "WorkingDir": "/src",
                "Labels": {
                    "org.opencontainers.image.title": "hello-service",
                    "org.opencontainers.image.description": "The sample image of Image Size Explorer",
                },
            },
            "rootfs": {"type": "layers", "diff_ids": [digest(layer.tar) for layer in layers]},
            "history": history,
        }
    )


def archive(layers: list[Layer]) -> bytes:
    """The OCI archive: layout, index, manifest, configuration and layers."""
    blobs: dict[str, bytes] = {}

    def store(media_type: str, data: bytes) -> dict[str, object]:
        name = digest(data)
        blobs[name] = data
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": store("application/vnd.oci.image.config.v1+json", image_config(layers)),
        "layers": [
            store(f"application/vnd.oci.image.layer.v1.tar+{layer.media}", layer.blob)
            for layer in layers
        ],
    }
    entry = store("application/vnd.oci.image.manifest.v1+json", compact(manifest)) | {
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {
            "io.containerd.image.name": "docker.io/library/naive-go-service:sample",
            "org.opencontainers.image.ref.name": "sample",
        },
    }
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }
    whole = Layer("")
    whole.add("oci-layout", compact({"imageLayoutVersion": "1.0.0"}))
    whole.add("index.json", compact(index))
    for name, data in blobs.items():
        whole.add(f"blobs/sha256/{name.removeprefix('sha256:')}", data)
    return whole.tar


def compact(value: object) -> bytes:
    """JSON without spaces, keys in the order given."""
    return json.dumps(value, separators=(",", ":")).encode()


def digest(data: bytes) -> str:
    """The OCI digest of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def main(output: Path) -> int:
    """Write the archive and tell what each layer holds."""
    with tempfile.TemporaryDirectory() as work:
        layers = build_layers(Path(work))
    data = archive(layers)
    for layer in layers:
        content = sum(info.size for info, _ in layer.entries.values())
        print(f"{content:>10,} {len(layer.blob):>10,}  {layer.created_by[:90]}")
    print(f"{len(data):,} bytes, {digest(data)}")
    if len(data) > LIMIT:
        print(f"error: the archive is larger than {LIMIT:,} bytes", file=sys.stderr)
        return 1
    output.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT))
