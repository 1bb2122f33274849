"""Places that only their structure tells: toolchains, caches, modules, programs, wherever they lie."""

from __future__ import annotations

import pytest

from explorer.filesystem.union import stack_layers
from explorer.findings.detect import DETECTORS
from explorer.findings.pattern import Places
from explorer.image.model import Config
from tests.support.layers import Entry, directory, elf, file, layer, program, symlink

_DIGEST = "0123456789abcdef" * 4


def _found(name: str, *entries: Entry, config: Config = Config()) -> list[str]:
    """The paths that a detector finds in one layer, directories with a slash behind."""
    stack = stack_layers([layer(*entries)])
    found = DETECTORS[name](stack, Places.of(stack), config)
    paths = [stack.tree.path(int(node)).decode() + "/" for node in found.directories]
    return paths + [stack.tree.path(int(node)).decode() for node in found.files]


def test_that_a_go_toolchain_is_found_wherever_it_was_unpacked() -> None:
    entries = [file(f"/opt/sdk/{name}") for name in ("VERSION", "bin/go", "src/runtime/x.go")]
    assert _found("go-toolchain", *entries) == ["opt/sdk/"]


def test_that_a_program_named_go_alone_is_no_toolchain() -> None:
    assert _found("go-toolchain", file("/opt/x/bin/go"), file("/opt/x/VERSION")) == []


def test_that_a_build_cache_is_found_by_its_folders_and_digests() -> None:
    entries = [file(f"/data/b/{i:02x}/{i:02x}{_DIGEST[2:]}-d") for i in range(16)]
    assert _found("go-build-cache", *entries) == ["data/b/"]
    assert _found("go-build-cache", *entries[:15]) == []
    assert _found("go-build-cache", *entries[:3], file("/data/b/trim.txt")) == ["data/b/"]


@pytest.mark.parametrize(
    "name", [f"00/11{_DIGEST[2:]}-d", f"00/00{_DIGEST[2:]}-x", f"000/00{_DIGEST[2:]}-d", "00/00-d"]
)
def test_that_other_folders_of_digests_are_no_build_cache(name: str) -> None:
    entries = [file(f"/b/{i:02x}/{name}") for i in range(16)]
    assert _found("go-build-cache", *entries, file("/b/README")) == []


def test_that_a_module_cache_is_found_by_its_downloads() -> None:
    entries = [file("/m/cache/download/example.org/x/@v/v1.zip"), file("/m/example.org/x@v1/x.go")]
    assert _found("go-module-cache", *entries) == ["m/"]
    assert _found("go-module-cache", file("/m/cache/download/x.zip")) == []


def test_that_a_go_mod_makes_a_module_of_its_folder_but_not_of_a_shared_one() -> None:
    entries = [
        file(f"{folder}/go.mod") for folder in ("", "/app", "/root", "/usr/src", "/usr/src/app")
    ]
    assert sorted(_found("go-module", *entries)) == ["app/", "root/", "usr/src/app/"]


def test_that_only_gos_vendor_folders_are_found() -> None:
    entries = [file("/a/vendor/modules.txt"), file("/b/vendor/x.php"), file("/c/modules.txt")]
    assert _found("vendor-folder", *entries) == ["a/vendor/"]


def test_that_executables_and_shared_objects_are_programs_in_either_byte_order() -> None:
    entries = [
        file("/a", 9, head=elf(2)),
        file("/b", 9, head=elf(3)),
        file("/c", 9, head=elf(2, big_endian=True)),
        file("/object.o", 9, head=elf(1)),
        file("/core", 9, head=elf(4)),
        file("/script", 9, head=b"#!/bin/sh"),
    ]
    assert sorted(_found("program", *entries)) == ["a", "b", "c"]
    assert _found("core-dump", *entries) == ["core"]


def test_that_a_core_named_script_is_no_core_dump() -> None:
    assert _found("core-dump", file("/web/core.1.js", 9, head=b"export default {}")) == []


def test_that_compiled_tests_are_programs_named_so() -> None:
    assert _found("go-test-binary", program("/x.test"), program("/x"), file("/y.test", 3)) == [
        "x.test"
    ]


def test_that_debug_data_is_known_by_name_and_first_bytes() -> None:
    entries = [
        file("/a.debug", 9, head=elf(3)),
        file("/b.debug", 9, head=b"level=1"),
        file("/c.dwo", 9, head=elf(1)),
        file("/app.pdb", 9, head=b"BSJB"),
        file("/win.pdb", 9, head=b"Microsoft C/C++ MSF "),
        file("/protein.pdb", 9, head=b"HEADER    OXYGEN"),
        file("/none.pdb"),
    ]
    assert sorted(_found("debug-data", *entries)) == ["a.debug", "app.pdb", "c.dwo", "win.pdb"]


def test_that_the_working_folder_and_the_entrys_folder_are_the_applications() -> None:
    config = Config(entrypoint=("/srv/x/run",), working_dir="/data")
    entries = [program("/srv/x/run"), directory("/data")]
    assert sorted(_found("application-folder", *entries, config=config)) == ["data/", "srv/x/"]


@pytest.mark.parametrize(
    "folder", ["/", "/usr/bin", "/usr/local/bin", "/usr/lib/x86_64-linux-gnu", "/root", "/tmp"]
)
def test_that_a_folder_of_many_causes_is_nobodys(folder: str) -> None:
    config = Config(entrypoint=(f"{folder}/run",), working_dir=folder)
    assert _found("application-folder", program(f"{folder}/run"), config=config) == []


def test_that_what_the_image_names_is_found_in_all_places_where_it_may_be_named() -> None:
    config = Config(
        entrypoint=("/entry.sh",),
        cmd=("serve", "-c", "/etc/x.yaml"),
        healthcheck=("CMD-SHELL", "/health --now || exit 1"),
        env=("SSL_CERT_FILE=/ca.pem", "GREETING=hello"),
    )
    entries = [
        file(path, 1)
        for path in ("/entry.sh", "/usr/bin/serve", "/etc/x.yaml", "/health", "/ca.pem", "/hello")
    ]
    assert sorted(_found("entry-program", *entries, symlink("/x", "y"), config=config)) == [
        "ca.pem", "entry.sh", "etc/x.yaml", "health", "usr/bin/serve",
    ]  # fmt: skip


@pytest.mark.parametrize("name", DETECTORS)
def test_that_an_empty_image_holds_nothing(name: str) -> None:
    assert _found(name) == []
    stack = stack_layers([])
    found = DETECTORS[name](stack, Places.of(stack), Config())
    assert len(found.directories) == len(found.files) == 0
