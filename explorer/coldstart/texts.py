"""The sentences in a measurement: English in its file, with what they were made of, so that any language can tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from explorer.translation import english, retold, source_of

# Beside the fields of the schema: the sources of the English texts that have {fields}.
TEXTS = "texts"


def in_english(found: dict[str, Any]) -> dict[str, Any]:
    """A measurement as plain values, its sentences in English, their sources beside them."""
    sources: dict[str, Any] = {}

    def change(text: str) -> str:
        source, plain = source_of(text), english(text)
        if source != text:
            sources[plain] = source
        return plain

    _change_all(found, change)
    return {**found, TEXTS: sources} if sources else found


def in_language(found: dict[str, Any]) -> dict[str, Any]:
    """A measurement as plain values, its sentences in the user's language."""
    sources = found.get(TEXTS)
    known = sources if isinstance(sources, dict) else {}
    _change_all(found, lambda text: retold(text, known.get(text)))
    return found


def _change_all(found: dict[str, Any], change: Callable[[str], str]) -> None:
    for item, name in _places(found):
        value = item.get(name)
        if isinstance(value, str):
            item[name] = change(value)
        elif isinstance(value, list | tuple):
            item[name] = [change(text) if isinstance(text, str) else text for text in value]


def _places(found: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each object with sentences, and the field that has them."""
    yield found["environment"], "notes"
    for arm in found["arms"]:
        for run in arm["runs"]:
            yield run, "detail"
            yield run, "warnings"
    for item in found["diagnostics"]:
        yield item, "problems"
        hygiene = item.get("hygiene")
        if isinstance(hygiene, dict):
            # The measurement itself has the same one.
            item["hygiene"] = {**hygiene}
            yield item["hygiene"], "findings"
