"""Texts for people in their language: gettext catalogues without Qt."""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Mapping
from typing import Any

from explorer.resources import resource

LANGUAGES = ("en", "zh_CN")
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"
# What texts were made of, by the text: (singular, plural or "", n, fields). Those just made are forgotten after a while.
_Source = tuple[str, str, int, Mapping[str, object]]
_MADE_LIMIT, _LOADED_LIMIT = 2000, 20_000
_made: dict[str, _Source] = {}
_made_before: dict[str, _Source] = {}
_loaded: dict[str, _Source] = {}


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


def source_of(text: str) -> Any:
    """What a text of tr() or ntr() was made of, as plain JSON values; the text itself when that is not known.

    A text that is kept in a file is kept as its source, so that told() gives it in any language.
    """
    source = _loaded.get(text) or _made.get(text) or _made_before.get(text)
    if source is None:
        return text
    one, many, n, fields = source
    kept = {
        name: value if isinstance(value, int | float) else source_of(str(value))
        for name, value in fields.items()
        if value is not text
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
    message = _catalogue.ngettext(one, many, n) if many else _catalogue.gettext(one)
    message = message.format(**fields) if fields else message
    if len(_loaded) < _LOADED_LIMIT:
        _loaded[message] = (one, many, n, fields)
    return message


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
