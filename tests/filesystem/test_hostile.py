"""Every file of the hostile corpora, as a layer and as an archive, in a child with 5 s of processor time and 256 MB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from explorer.sandbox import Done, Event, Worker

pytestmark = pytest.mark.slow

_CPU_SECONDS = 5
_MEMORY = 256_000_000
_NO_IMAGE = "is not an image"
_EARLY = "before the list of its images"


@dataclass(frozen=True)
class Layer:
    """What a file must be as a layer: shown names with stored bytes, words of its problem, whether it is whole."""

    files: dict[str, int]
    problem: str = ""
    complete: bool = False
    entries: int | None = None
    logical: tuple[int, ...] = ()


def whole(
    files: dict[str, int], entries: int | None = None, problem: str = "", **more: tuple[int, ...]
) -> Layer:
    return Layer(files, problem, True, entries, **more)


_SEVEN_HUNDRED = {"f0": 700, "f1": 700}
_LAYERS = {
    "hostile/01-gnu-sparse-60gb.tar": whole({"gnu-sparse": 3072}, logical=(60_000_000_000,)),
    "hostile/02-pax-sparse-60gb.tar": whole({"pax-sparse": 3584}, logical=(60_000_000_000,)),
    "hostile/03-negative-size.tar": Layer({}, "byte 0: a size that cannot be"),
    "hostile/04-neg-size-huge-V.tar": Layer({}, "byte 0: a size that cannot be"),
    "hostile/05-pax-negative-size.tar": Layer({}, "byte 0: a PAX record"),
    "hostile/06-pax-header-over-1MiB.tar.bz2": Layer({}, "an extended header of 1048577 bytes"),
    "hostile/07-gnu-longname-declares-2g.tar": Layer({}, "an extended header of 2147483639 bytes"),
    "hostile/08-pax-declares-giant.tar": Layer({}, "an extended header of 2147483647 bytes"),
    "hostile/09-bad-checksum-midway.tar": Layer({"one-byte.txt": 1}, "byte 1024: a header whose checksum is wrong"),
    "hostile/10-header-junk-midway.tar": Layer({"\\xff\\x01": 0}, "byte 512: a header whose checksum is wrong"),
    "hostile/11-truncated-in-content.tar": Layer({"test/foo": 21, "test/bar": 19}, "it ends inside a file", entries=3),
    "hostile/12-truncated-body-tokio.tar": Layer({"aaa": 0}, "it ends inside a file, 7 bytes too early"),
    "hostile/13-pax-hidden-entry.tar": whole({"file_a": 1536, "file_b": 0, "hidden": 73}),
    "hostile/14-pax-phantom-entry.tar": whole({"file_a": 512, "file_b": 1536}),
    "hostile/15-pax-before-longlink.tar": whole({"longname.txt": 2048, "file_b": 0}),
    "hostile/16-nul-in-pax-path.tar": Layer({}, "a NUL byte in a PAX record"),
    "hostile/17-name-not-utf8.tar": whole({"hi\\x80\\x81\\x82\\x83bye": 0}),
    "hostile/18-iso-8859-names.tar.gz": whole({"data/file-with-german-umlaut-ae-\\xe4": 15}, 2),
    "hostile/19-path-222k-components.tar": whole(
        {"/".join("a" * 32) + "… (222371 components)": 3}, 1, "A path of 444747 bytes and 222371 components was cut"
    ),
    "hostile/20-empty-name.tar": Layer({}, "It ends without an end mark", entries=0),
    "hostile/21-duplicate-entries.tar": whole({"file": 6}, 2, "Some paths appear twice in one layer"),
    "hostile/22-broken-docker-layer.tar": whole(
        {
            "root/.cpanm/work/1395823785.24209/File-Find-Rule-0.33/META.yml": 594,
            "root/.cpanm/work/1395823785.24209/Plack-1.0030/blib/man3/Plack::Middleware::LighttpdScriptNameFix.3pm": 6149,
        },
        10,
    ),
    "hostile/23-save-null-manifest.tar": whole({"manifest.json": 4}),
    "hostile/29-elf-bogus-shentsize.elf": Layer({}, "byte 0: it ends inside a header"),
    "hostile/30-blns.json": Layer({}, "byte 0: a header whose checksum is wrong"),
    "hostile-generated/a_json_tail.tar": Layer(_SEVEN_HUNDRED, "byte 3072: the engine stopped with: open /var/lib/docker"),
    "hostile-generated/a_midcorrupt.tar": Layer(_SEVEN_HUNDRED, "byte 3072: a header whose checksum is wrong"),
    "hostile-generated/a_trunc_at_boundary.tar": Layer(_SEVEN_HUNDRED, "It ends without an end mark; it may be cut off"),
    "hostile-generated/a_trunc_in_header.tar": Layer(_SEVEN_HUNDRED, "byte 3072: it ends inside a header"),
    "hostile-generated/b_base256_negative.tar": Layer({"a": 0}, "byte 512: a size that cannot be"),
    "hostile-generated/b_pax_negative_loop.tar": Layer({"first": 0}, "byte 1536: a PAX record that is not a usable number"),
    "hostile-generated/b_pax_negative_size.tar": Layer({}, "byte 1024: a PAX record that is not a usable number"),
    "hostile-generated/c_pax_bad_len.tar": Layer({}, "byte 0: a PAX record"),
    "hostile-generated/c_pax_nonint_size.tar": Layer({}, "byte 1024: a PAX record that is not a usable number"),
    "hostile-generated/c_pax_sparse_map_bad.tar": Layer({}, "byte 1024: a sparse map that is not numeric"),
    "hostile-generated/c_sparse10_notnum.tar": whole({"s": 512}, logical=(1_000_000_000_000,)),
    "hostile-generated/d_gnulong_chain.tar.gz": whole({"a": 0}),
    "hostile-generated/d_pax_bomb_64m.tar.gz": Layer({}, "an extended header of 67108864 bytes"),
    "hostile-generated/e_pax_digits.tar": Layer({}, "byte 0: a PAX record without a length"),
    "hostile-generated/e_pax_digits_40000.tar": Layer({}, "byte 0: a PAX record without a length"),
    "hostile-generated/elf_shnum_2p40.elf": Layer({}, "byte 0: it ends inside a header"),
    "hostile-generated/elf_symtab_2p40.elf": Layer({}, "byte 0: it ends inside a header"),
    "hostile-generated/elf_zbomb1g.elf": Layer({}, "byte 0: a header whose checksum is wrong"),
    "hostile-generated/h_zeros_1g_l3.zst": Layer({}, "this looks like a decompression bomb"),
}  # fmt: skip
# The archives among them, and what is said of those that cannot be opened.
_IMAGES: dict[str, list[dict[str, int]]] = {
    "hostile/25-save-layer-is-symlink.tar": [{"bar": 4, "foo": 4}],
    "hostile/26-save-v25-oci.tar": [{"hello": 9136}],
    "hostile/27-save-4layers-whiteouts-gz.tar": [
        {"a/foo": 0},
        {"b/bar": 0},
        {"a": 0},
        {"a/baz": 0},
    ],
    "hostile/28-oci-zstd-image.tar": [{"README.md": 11_189}],
}
_REFUSED = {
    "hostile/23-save-null-manifest.tar": "its manifest.json is null",
    "hostile/24-save-no-manifest.tar": "has no manifest.json",
    "hostile/29-elf-bogus-shentsize.elf": "it is a program",
    "hostile/30-blns.json": "it is a JSON file",
    "hostile-generated/elf_shnum_2p40.elf": "it is a program",
    "hostile-generated/elf_symtab_2p40.elf": "it is a program",
    "hostile-generated/elf_zbomb1g.elf": "it is a program",
    "hostile-generated/h_zeros_1g_l3.zst": _NO_IMAGE,
    "hostile-generated/a_trunc_at_boundary.tar": _EARLY,
    "hostile/20-empty-name.tar": _EARLY,
}


def ended(function: str, path: Path) -> dict[str, object]:
    """The answer of a child that kept within its limits."""
    worker = Worker(f"tests.sandboxed:{function}", str(path), cpu_limit=_CPU_SECONDS)
    worker.start()
    events: list[Event] = []
    while not worker.finished:
        events += worker.poll(1)
    last = events[-1]
    assert isinstance(last, Done), last
    answer: dict[str, object] = last.value
    assert isinstance(answer["peak"], int)
    assert answer["peak"] <= _MEMORY
    return answer


@pytest.mark.parametrize("name", _LAYERS)
def test_that_a_hostile_layer_ends_within_its_limits_as_expected(
    shared_data: Path, name: str
) -> None:
    expected = _LAYERS[name]
    answer = ended("as_layer", shared_data / name)
    assert answer["files"] == expected.files
    assert answer["complete"] == expected.complete
    assert answer["logical"] == list(expected.logical)
    if expected.entries is not None:
        assert answer["entries"] == expected.entries
    problems = answer["problems"]
    assert isinstance(problems, list)
    assert len(problems) == (expected.problem != "")
    assert expected.problem in "".join(problems)
    assert all(text.isprintable() for text in [*expected.files, *problems])


@pytest.mark.parametrize("name", sorted({*_LAYERS, *_REFUSED} - _IMAGES.keys()))
def test_that_a_hostile_archive_is_refused_within_its_limits(shared_data: Path, name: str) -> None:
    answer = ended("as_archive", shared_data / name)
    assert isinstance(answer.get("error"), str)
    default = _EARLY if name in _LAYERS and not _LAYERS[name].complete else _NO_IMAGE
    assert _REFUSED.get(name, default) in str(answer["error"])
    assert answer["hint"]
    assert str(answer["error"]).isprintable()


@pytest.mark.parametrize("name", _IMAGES)
def test_that_an_odd_archive_shows_its_files(shared_data: Path, name: str) -> None:
    answer = ended("as_archive", shared_data / name)
    layers = answer["layers"]
    assert isinstance(layers, list)
    assert [layer["files"] for layer in layers] == _IMAGES[name]
    assert all(layer["complete"] and not layer["problems"] for layer in layers)
    assert answer["problems"] == []


def test_that_no_file_of_the_corpora_is_forgotten(shared_data: Path) -> None:
    names = {
        f"{folder}/{path.name}"
        for folder in ("hostile", "hostile-generated")
        for path in (shared_data / folder).iterdir()
        if path.name != "MANIFEST.tsv"
    }
    assert names == {*_LAYERS, *_IMAGES, *_REFUSED}
