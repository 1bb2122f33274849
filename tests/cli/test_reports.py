"""The reports of `analyze` and `compare` as users get them."""

from __future__ import annotations

import json
from pathlib import Path

from explorer.resources import resource
from tests.cli.command import image_explorer
from tests.support.archives import built, docker_25, layer_tar, pack

SAMPLE = str(resource("samples", "naive-go-service.oci.tar"))


def _archive(folder: Path, name: str, **files: bytes) -> str:
    path = folder / name
    path.write_bytes(pack(docker_25(built(layer_tar(files)))))
    return str(path)


def test_that_a_comparison_is_written_in_every_format_at_once(tmp_path: Path) -> None:
    before = _archive(tmp_path, "before.tar", big=b"x" * 5000, same=b"y" * 100)
    after = _archive(tmp_path, "after.tar", same=b"y" * 100)
    out = tmp_path / "out"
    out.mkdir()
    names = {"html": "r.html", "pdf": "r.pdf", "csv": "r.csv", "json": "r.json"}
    words = [word for name, file in names.items() for word in (f"--{name}", str(out / file))]
    done = image_explorer("compare", before, after, *words, "--markdown", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("#")
    assert "━" not in done.stdout
    assert "`/big`" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == sorted(names.values())
    assert (out / "r.html").read_text().lower().startswith("<!doctype html>")
    assert "/big" in (out / "r.csv").read_text()
    assert (out / "r.pdf").read_bytes().startswith(b"%PDF-")
    totals = json.loads((out / "r.json").read_bytes())["totals"]
    assert totals["content_bytes"] == {"a": 5100, "b": 100, "delta": -5000}


def test_that_only_the_page_is_on_standard_output_and_json_stays_english(tmp_path: Path) -> None:
    chinese = {"LC_ALL": "zh_CN.UTF-8"}
    told = tmp_path / "told.json"
    done = image_explorer("analyze", SAMPLE, "--html", "-", "--json", str(told), env=chinese)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.lower().startswith("<!doctype html>")
    assert done.stdout.rstrip().endswith("</html>")
    assert 'lang="zh' in done.stdout[:200]
    plain = image_explorer("analyze", SAMPLE, "--json", "-")
    assert json.loads(plain.stdout)["findings"] == json.loads(told.read_bytes())["findings"]


def test_that_two_outputs_for_standard_output_are_an_error_of_two_lines() -> None:
    done = image_explorer("analyze", SAMPLE, "--html", "-", "--json", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: Only one of --json, --html can go to standard output.",
        "hint: Name a file for the others.",
    ]


def test_that_a_report_into_a_missing_folder_is_an_error_of_two_lines(tmp_path: Path) -> None:
    target = str(tmp_path / "none" / "r.html")
    done = image_explorer("analyze", SAMPLE, "--html", target)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: Could not write {target}: No such file or directory",
        "hint: Choose another file or free some space.",
    ]
