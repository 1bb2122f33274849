"""Texts for people in their language: gettext catalogues without Qt."""

from __future__ import annotations

import gettext
import locale
import os

from explorer.resources import resource

LANGUAGES = ("en", "zh_CN")
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


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
    return message.format(**fields) if fields else message


def ntr(one: str, many: str, n: int, /, **fields: object) -> str:
    """The singular or plural text for `n`; {n} is filled in by default."""
    message = _catalogue.ngettext(one, many, n)
    return message.format(**{"n": n, **fields})


def mark(text: str) -> str:
    """Mark a text for the catalogue that tr() gets later through a variable."""
    return text


def _nearest(value: str) -> str:
    return (
        "zh_CN"
        if value.split(".", maxsplit=1)[0].lower().replace("-", "_").startswith("zh")
        else "en"
    )
