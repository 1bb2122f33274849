"""Keeps the Chinese catalogue in step with the program: .venv/bin/python packaging/translate.py [--check].

Collects every text of tr(), ntr() and mark() in explorer/ and of the rules, merges them into the .po file (texts that are
gone leave it), and compiles the .mo beside it. With --check nothing is written: it tells what is missing and exits with 1.
"""

from __future__ import annotations

import io
import re
import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "locale" / "zh_CN" / "LC_MESSAGES"
PO, MO = FOLDER / "explorer.po", FOLDER / "explorer.mo"
_KEYWORDS = {"tr": None, "mark": None, "ntr": (1, 2)}
_RULE_TEXTS = ("title", "reason", "remedy")
_FIELD = re.compile(r"\{([a-z_0-9]*)[^}]*\}")


def collected() -> Catalog:
    """All texts of the program, with the files that hold them."""
    catalog = Catalog(
        locale="zh_CN",
        domain="explorer",
        project="Image Size Explorer",
        fuzzy=False,
        charset="utf-8",
    )
    found = extract_from_dir(str(ROOT / "explorer"), keywords=_KEYWORDS, comment_tags=())
    for name, _, text, _, _ in sorted(found, key=lambda item: item[0]):
        catalog.add(text, locations=[(f"explorer/{name}", 0)])
    for path in sorted((ROOT / "resources" / "rules").glob("*.toml")):
        for rule in tomllib.loads(path.read_text(encoding="utf-8")).get("rule", []):
            for key in _RULE_TEXTS:
                if rule.get(key):
                    catalog.add(rule[key], locations=[(f"resources/rules/{path.name}", 0)])
    return catalog


def known() -> Catalog:
    """The catalogue as it is."""
    if not PO.exists():
        return Catalog(locale="zh_CN")
    with open(PO, "rb") as file:
        return read_po(file, locale="zh_CN")


def merged() -> Catalog:
    """The program's texts with the translations that are known."""
    fresh, old = collected(), known()
    for message in fresh:
        before = old.get(message.id) if message.id else None
        if before is not None:
            message.string = _as_needed(message, before.string)
    return fresh


def _as_needed(message: Message, known: str | Sequence[str] | None) -> str | tuple[str, ...]:
    """A known translation for a text that got or lost its plural since."""
    one = known if isinstance(known, str) else (*(known or ()), "")[0]
    return (one,) if isinstance(message.id, (list, tuple)) else one


def mistakes(catalog: Catalog) -> list[str]:
    """Texts without a translation, and translations whose {fields} are not those of the text."""
    found = []
    for message in catalog:
        if not message.id:
            continue
        for source, target in _pairs(message):
            if not target:
                found.append(f"not translated: {source}")
            elif not set(_FIELD.findall(target)) <= set(_FIELD.findall(source)):
                found.append(f"other fields: {source} -> {target}")
            elif set(_FIELD.findall(source)) - set(_FIELD.findall(target)) - {"n"}:
                found.append(f"fields left out: {source} -> {target}")
    return found


def _pairs(message: Message) -> list[tuple[str, str]]:
    """Each translation with the text it stands for; Chinese has one form for all numbers."""
    if isinstance(message.id, (list, tuple)):
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        return [(str(message.id[-1]), str(strings[0] or ""))]
    return [(str(message.id), str(message.string or ""))]


def rendered(catalog: Catalog) -> tuple[bytes, bytes]:
    """The .po and .mo files' bytes; no dates, so that the same texts give the same files."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=0, sort_output=True, omit_header=False, include_lineno=False)
    text = re.sub(rb'"(POT-Creation|PO-Revision)-Date:[^\n]*\n', b"", po.getvalue())
    dated = read_po(
        io.BytesIO(text), locale="zh_CN"
    )  # babel takes today for dates that are left out
    dated.creation_date = dated.revision_date = datetime(1970, 1, 1, tzinfo=UTC)
    write_mo(mo, dated)
    return text, mo.getvalue()


def main(arguments: list[str]) -> int:
    """Write the catalogue, or check it."""
    catalog = merged()
    po, mo = rendered(catalog)
    wrong = mistakes(catalog)
    if "--check" in arguments:
        if not PO.exists() or PO.read_bytes() != po or not MO.exists() or MO.read_bytes() != mo:
            wrong.append("the catalogue is not in step: run packaging/translate.py")
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(po)
        MO.write_bytes(mo)
    print("\n".join(wrong) if wrong else f"{len(catalog)} texts, all translated")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
