"""`list`: the engine's images, biggest first, with names that cannot harm a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import image_explorer
from tests.support.fake_engine import FakeEngine, fake_engine

IDS = [f"sha256:{n}" + f"{n}" * 63 for n in range(3)]
ROWS = [
    {"Id": IDS[0], "RepoTags": ["small:1"], "Size": 10, "Created": 1_700_000_000},
    {"Id": IDS[1], "RepoTags": ["evil\x1b[2J\u202e\n<b>:1", "evil:2"], "Size": 3_000_000, "Created": 1_700_000_000},
    {"Id": IDS[2], "RepoTags": None, "Size": 2_000, "Created": 0},
]  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    with fake_engine(tmp_path) as fake:
        fake.on_json(r"/images/json.*", ROWS)
        fake.on_json(r"/containers/json.*", [{"ImageID": IDS[0], "Labels": {}}])
        yield fake


def test_that_images_are_listed_biggest_first_with_harmless_names(engine: FakeEngine) -> None:
    result = image_explorer("list", "--host", engine.url)
    assert (result.returncode, result.stderr) == (0, "")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert [row[0] for row in rows] == ["evil\\x1b[2J\\u202e\\n<b>:1", "<none>", "small:1"]
    assert rows[0][1:] == ["3.0", "MB", "1" * 12, "2023-11-14", "and", "1", "more", "tag"]
    assert not {"\x1b", "\u202e"} & set(result.stdout)


def test_that_the_list_as_json_is_whole(engine: FakeEngine) -> None:
    result = image_explorer("list", "--json", "--host", engine.url)
    document = json.loads(result.stdout)
    assert document["schema"] == "image-explorer/images/1"
    assert [image["id"] for image in document["images"]] == [IDS[1], IDS[2], IDS[0]]
    assert document["images"][2] == {
        "id": IDS[0], "tags": ["small:1"], "size_bytes": 10, "created": "2023-11-14T22:13:20Z", "containers": 1,
        "platform": "",
    }  # fmt: skip


def test_that_an_engine_without_images_is_said_to_have_none(engine: FakeEngine) -> None:
    engine.on_json(r"/images/json.*", [])
    assert image_explorer("list", "--host", engine.url).stdout == "The engine has no images.\n"
    assert json.loads(image_explorer("list", "--json", "--host", engine.url).stdout)["images"] == []
