"""Texts for people in their language: gettext catalogues without Qt."""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.resources import resource

LANGUAGES = ("en", "zh_CN")
# How texts stand one after the other in English; Chinese has its own ways (_first_then).
_SENTENCES, _LIST, _LABELLED = "{first} {then}", "{first}, {then}", "{first}: {then}"
_WAYS = (_SENTENCES, _LIST, _LABELLED)
_FULL_WIDTH = frozenset("。，、；：？！）”")
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"
# What texts were made of, by the text: (singular, plural or "", n, fields). Those just made are forgotten after a while.
_Source = tuple[str, str, int, Mapping[str, object]]
_MADE_LIMIT, _LOADED_LIMIT = 2000, 20_000
_made: dict[str, _Source] = {}
_made_before: dict[str, _Source] = {}
_loaded: dict[str, _Source] = {}
# Sentences that stand one after the other nest once each.
_DEEPEST = 20


def system_language() -> str:
    """The supported language nearest to the environment's (LC_ALL, LC_MESSAGES, LANG)."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return _nearest(value)
    return _nearest(locale.getlocale()[0] or "")


def set_language(language: str) -> str:
    """Switch all later texts to `language` ("en", "zh_CN" or "system") and return the one in force."""
    global _catalogue, _language
    _language = system_language() if language == "system" else _nearest(language)
    if _language == "en":
        _catalogue = gettext.NullTranslations()
    else:
        _catalogue = gettext.translation("explorer", resource("locale"), [_language], fallback=True)
    return _language


def language() -> str:
    """The language in force."""
    return _language


def tr(text: str, /, **fields: object) -> str:
    """`text` in the user's language with its {named} fields filled in."""
    message = _catalogue.gettext(text) if text else ""
    if not fields:
        if _language != "en" and text:
            _remember(message, (text, "", 0, fields))
        return message
    message = message.format(**fields)
    _remember(message, (text, "", 0, fields))
    return message


def ntr(one: str, many: str, n: int, /, **fields: object) -> str:
    """The singular or plural text for `n`; {n} is filled in by default."""
    fields = {"n": n, **fields}
    message = _catalogue.ngettext(one, many, n).format(**fields)
    _remember(message, (one, many, n, fields))
    return message


def sentences(*parts: str) -> str:
    """Whole sentences one after the other; empty ones are left out."""
    return _in_turn(_SENTENCES, parts)


def listed(parts: Iterable[str]) -> str:
    """Texts as a list: with commas, or what the language has for them."""
    return _in_turn(_LIST, parts)


def labelled(label: str, text: str) -> str:
    """What a text is of, a colon, and the text."""
    return _in_turn(_LABELLED, (label, text))


def _in_turn(way: str, parts: Iterable[str]) -> str:
    told = ""
    for part in filter(None, parts):
        before, told = told, _first_then(way, told, part) if told else part
        if before:
            _remember(told, (way, "", 0, {"first": before, "then": part}))
    return told


def _first_then(way: str, first: str, then: str) -> str:
    """Chinese sets no blank at a full-width mark; what stays English keeps it."""
    if _language == "en":
        between = {_SENTENCES: " ", _LIST: ", ", _LABELLED: ": "}[way]
    elif way == _SENTENCES:
        between = "" if first[-1] in _FULL_WIDTH or then[0] in "（“" else " "
    else:
        between = "、" if way == _LIST else "："
    return first + between + then


def source_of(text: str) -> Any:
    """What a text of tr() or ntr() was made of, as plain JSON values; the text itself when that is not known.

    A text that is kept in a file is kept as its source, so that told() gives it in any language.
    """
    return _source_within(text, frozenset())


def _source_within(text: str, around: frozenset[str]) -> Any:
    """A text that is a part of itself ("{subject}") is kept as it is."""
    source = _loaded.get(text) or _made.get(text) or _made_before.get(text)
    if source is None or text in around or not text:
        return text
    one, many, n, fields = source
    around |= {text}
    kept = {
        name: value if isinstance(value, int | float) else _source_within(str(value), around)
        for name, value in fields.items()
    }
    return [one, many, n, kept]


def told(source: Any) -> str:
    """The text of a source in the user's language."""
    if isinstance(source, str):
        return tr(source)
    one, many, n, kept = source
    fields = {
        name: value if isinstance(value, int | float) else told(value)
        for name, value in kept.items()
    }
    if one in _WAYS and fields:
        message = _first_then(one, str(fields["first"]), str(fields["then"]))
    else:
        message = _catalogue.ngettext(one, many, n) if many else _catalogue.gettext(one)
        message = message.format(**fields) if fields else message
    if not one:
        # To gettext the empty text is the catalogue's header.
        return ""
    if len(_loaded) < _LOADED_LIMIT:
        _loaded[message] = (one, many, n, fields)
    return message


def retold(text: str, source: Any) -> str:
    """A text of a file in the user's language, by a source that anybody may have written (None: none is known).

    Only texts of the catalogue are filled in, so that no file can ask for a text without end.
    """
    if _language == "en":
        return text
    try:
        return told(source) if _is_ours(source, _DEEPEST) else tr(text)
    except (IndexError, KeyError, ValueError, TypeError):
        return text


def _is_ours(source: Any, depth: int) -> bool:
    if isinstance(source, str | int | float) or not depth:
        return 0 < depth < _DEEPEST
    if not (isinstance(source, list) and len(source) == 4 and isinstance(source[3], dict)):
        return False
    one, many, n, kept = source
    if not (isinstance(one, str) and isinstance(many, str) and isinstance(n, int)):
        return False
    message = _catalogue.ngettext(one, many, n) if many else _catalogue.gettext(one)
    known = one in _WAYS or message not in (one, many)
    filled = bool(kept) or "{" not in message
    return known and filled and all(_is_ours(value, depth - 1) for value in kept.values())


def english(text: str) -> str:
    """A text of tr(), ntr() or told() in English, as files for machines have it."""
    return _in_english(source_of(text))


def _in_english(source: Any) -> str:
    if isinstance(source, str):
        return source
    one, many, n, kept = source
    fields = {
        name: value if isinstance(value, int | float) else _in_english(value)
        for name, value in kept.items()
    }
    text = many if many and n != 1 else one
    return str(text.format(**fields)) if fields else str(text)


def _remember(message: str, source: _Source) -> None:
    global _made, _made_before
    one, many, n, fields = source
    # As texts: an error among them would keep all alive that its traceback knows.
    plain = {
        name: value if isinstance(value, int | float | str) else str(value)
        for name, value in fields.items()
    }
    if len(_made) >= _MADE_LIMIT:
        _made_before, _made = _made, {}
    _made[message] = (one, many, n, plain)


def mark(text: str) -> str:
    """Mark a text for the catalogue that tr() gets later through a variable."""
    return text


def _nearest(value: str) -> str:
    return (
        "zh_CN"
        if value.split(".", maxsplit=1)[0].lower().replace("-", "_").startswith("zh")
        else "en"
    )
