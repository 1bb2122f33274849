"""Rules as data: what names a path's cause. Ours are in resources/rules, the user's in the config folder's rules/.

A file holds [[rule]] tables; RuleSpec lists their keys. Patterns may hold the placeholders of `placeholders()`.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import msgspec

from explorer.errors import InputError
from explorer.filesystem.layerbuilder import clean_path
from explorer.findings.category import CODE, LIVE_IDS
from explorer.findings.detect import DETECTORS, SHARED_FOLDERS
from explorer.findings.names import escape
from explorer.findings.pattern import Pattern, parse_pattern
from explorer.image.model import Config
from explorer.paths import config_dir
from explorer.resources import resource
from explorer.translation import sentences, tr
from explorer.units import display_text

Confidence = Literal["high", "medium", "info"]
# The named fields that a rule's texts may hold; catalogue.py fills them in.
TEXT_FIELDS = frozenset({"place", "places", "entry", "files", "count"})
MAX_FILE_BYTES = 1 << 20
MAX_RULES = 1000  # of all files together
_MAX_EXPANSIONS = 64
# What a variable of an image may hold to be looked at; it is untrusted.
_MAX_VARIABLE = 4096
_MAX_FOLDERS = 8
_MAX_PARTS = 32
_Parsed = list[tuple[str, str | None, str | None, str | None]]


class RulesInvalid(InputError):
    """A rule file that cannot be used; the message names the file and the key."""


class RuleSpec(msgspec.Struct, forbid_unknown_fields=True, rename={"exceptions": "except"}):
    """One [[rule]] table. A rule without a finding only names a category; texts may hold TEXT_FIELDS in braces."""

    id: str
    category: str
    title: str = ""
    reason: str = ""
    remedy: str = ""
    confidence: Confidence = "medium"
    # The highest wins where several rules match; among equals the deeper one.
    priority: int = 60
    directories: list[str] = []  # patterns of directories, each with all that is in it
    files: list[str] = []
    exceptions: list[str] = []  # directories and files that the rule leaves alone
    within: list[str] = []  # only inside what these rules cover
    outside: list[str] = []  # not inside what these rules cover
    detect: str = ""  # a function of detect.py that finds places by their structure
    finding: bool = True


@dataclass(frozen=True)
class Rule:
    """A rule ready to use: placeholders filled in for one image."""

    spec: RuleSpec
    directories: tuple[Pattern, ...]
    files: tuple[Pattern, ...]
    exceptions: tuple[Pattern, ...]

    @property
    def code(self) -> int:
        """The code of the rule's category."""
        return CODE[self.spec.category]


@dataclass(frozen=True)
class RuleSet:
    """All rules for one image; rule number i of a row is rules[i - 1], 0 means that no rule named it."""

    rules: tuple[Rule, ...]
    problems: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The rule ids by number; ids[0] is ""."""
        return ("", *(rule.spec.id for rule in self.rules))


def load_rules(config: Config, folder: Path | None = None) -> RuleSet:
    """Our rules and those of `folder` (default: the user's) for an image with this config.

    A user's file that cannot be used is left out whole and named in `problems`.
    """
    folder = config_dir() / "rules" if folder is None else folder
    specs, problems = list(_built_in()), []
    for path in _rule_files(folder):
        try:
            specs += _read(path, [spec.id for spec in specs])
        except RulesInvalid as error:
            problems.append(sentences(tr("Rules left out."), display_text(error.message, 400)))
    values = placeholders(config)
    return RuleSet(tuple(_rule(spec, values) for spec in specs), tuple(problems))


def built_in_titles() -> list[str]:
    """The titles of our rules that make findings, untranslated."""
    return [spec.title for spec in _built_in() if spec.finding]


def read_rules(path: Path) -> list[RuleSpec]:
    """The rules of one file; raises RulesInvalid."""
    return _read(path, [])


def placeholders(config: Config) -> Mapping[str, tuple[str, ...]]:
    """The folders behind each placeholder: those that the image's ENV names, and the defaults.

    Defaults as in `go help environment` and `go help cache`: GOPATH is HOME/go, GOCACHE is HOME/.cache/go-build.
    """
    homes = (*_folders([config.variable("HOME")]), "/root", "/home/*")
    own = _working_folders(config)
    caches = _private([config.variable("XDG_CACHE_HOME")], own)
    caches += tuple(home + "/.cache" for home in homes)
    gopath = _private(config.variable("GOPATH").split(":"), frozenset())
    gopath += ("/go", *(home + "/go" for home in homes))
    return {
        "HOME": homes,
        "CACHE": caches,
        "GOPATH": gopath,
        "GOROOT": (*_private([config.variable("GOROOT")], own), "/usr/local/go"),
        "GOCACHE": (
            *_private([config.variable("GOCACHE")], own),
            *(folder + "/go-build" for folder in caches),
        ),
        "GOMODCACHE": (
            *_private([config.variable("GOMODCACHE")], own),
            *(folder + "/pkg/mod" for folder in gopath),
        ),
        "GOLANGCI_LINT_CACHE": (
            *_private([config.variable("GOLANGCI_LINT_CACHE")], own),
            *(folder + "/golangci-lint" for folder in caches),
        ),
        "PIP_CACHE_DIR": (
            *_private([config.variable("PIP_CACHE_DIR")], own),
            *(folder + "/pip" for folder in caches),
        ),
        "NPM_CONFIG_CACHE": (
            *_private(
                [config.variable("NPM_CONFIG_CACHE"), config.variable("npm_config_cache")], own
            ),
            *(home + "/.npm" for home in homes),
        ),
        "TMPDIR": (*_private([config.variable("TMPDIR")], own), "/tmp"),  # noqa: S108 - a path in the image
    }


def _folders(values: Iterable[str]) -> tuple[str, ...]:
    """The absolute folders among values of variables, as patterns that match only themselves."""
    found = []
    for value in list(values)[:_MAX_FOLDERS]:
        parts = clean_path(value.encode("utf-8", "surrogateescape"))
        if not value.startswith("/") or not parts or "\0" in value or len(value) > _MAX_VARIABLE:
            continue
        if len(parts) <= _MAX_PARTS:
            path = b"/".join(map(escape, parts)).decode("utf-8", "surrogateescape")
            found.append("/" + path)
    return tuple(dict.fromkeys(found))


def _private(values: Iterable[str], own: frozenset[str]) -> tuple[str, ...]:
    """Those folders of variables that hold nothing else: neither the system's nor the application's (`own`)."""
    return tuple(
        path for path in _folders(values) if path[1:] not in SHARED_FOLDERS and path not in own
    )


def _working_folders(config: Config) -> frozenset[str]:
    """The working directory and all above it."""
    folders = _folders([config.working_dir])
    return frozenset(
        "/".join(folder.split("/")[:depth])
        for folder in folders
        for depth in range(2, folder.count("/") + 2)
    )


@cache
def _built_in() -> tuple[RuleSpec, ...]:
    specs: list[RuleSpec] = []
    files = _rule_files(resource("rules"))
    for path in files:
        specs += _tables_as_rules(path, [spec.id for spec in specs])
    # Our files may name each other's rules, whatever their order.
    _check_names(resource("rules"), specs, {spec.id for spec in specs})
    return tuple(specs)


def _rule_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.toml") if not path.is_fifo())
    except OSError:
        return []  # a folder that cannot be listed holds no rules for us


def _read(path: Path, taken: list[str]) -> list[RuleSpec]:
    specs = _tables_as_rules(path, taken)
    _check_names(path, specs, {*taken, *(spec.id for spec in specs)})
    return specs


def _tables_as_rules(path: Path, taken: list[str]) -> list[RuleSpec]:
    specs: list[RuleSpec] = []
    known = set(taken)
    for number, table in enumerate(_tables(path, len(taken)), 1):
        spec = _spec(path, number, table)
        if spec.id in known:
            raise _invalid(path, _at(spec.id, "id", tr("is already used")))
        known.add(spec.id)
        specs.append(spec)
    return specs


def _check_names(path: Path, specs: list[RuleSpec], known: set[str]) -> None:
    """Raise RulesInvalid where `within` or `outside` names a rule that there is not."""
    for spec in specs:
        for key, others in (("within", spec.within), ("outside", spec.outside)):
            for other in others:
                if other not in known:
                    raise _invalid(
                        path, _at(spec.id, key, tr("there is no rule {other}", other=other))
                    )


def _tables(path: Path, taken: int) -> list[Any]:
    """The [[rule]] tables of a file, of which `taken` are spoken for."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise _invalid(path, tr("the file is larger than 1 MiB"))
        document = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise _invalid(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        # No TOML, no UTF-8, or a number of too many digits.
        raise _invalid(path, str(error)) from error
    tables = document.get("rule", [])
    strange = [key for key in document if key != "rule"]
    if strange or not isinstance(tables, list):
        key = (strange or ["rule"])[0]
        raise _invalid(path, tr("{key}: only [[rule]] tables belong here", key=key))
    if len(tables) + taken > MAX_RULES:
        raise _invalid(path, tr("more than {n} rules", n=MAX_RULES))
    return tables


def _spec(path: Path, number: int, table: Any) -> RuleSpec:
    name = table.get("id", number) if isinstance(table, dict) else number
    try:
        spec = msgspec.convert(table, RuleSpec)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at `$.")
        raise _invalid(path, _at(name, key.rstrip("`"), reason)) from error
    for key, reason in _mistakes(spec):
        raise _invalid(path, _at(name, key, reason))
    return spec


def _mistakes(spec: RuleSpec) -> Iterable[tuple[str, str]]:
    """(key, what is wrong with it) of a table whose types are right."""
    if not spec.id or set(spec.id) - set(string.ascii_lowercase + string.digits + "-"):
        yield "id", tr("use small letters, digits and hyphens")
    if spec.category not in LIVE_IDS:
        yield "category", tr("must be one of {names}", names=", ".join(LIVE_IDS))
    if not 0 <= spec.priority <= 100:
        yield "priority", tr("must lie between 0 and 100")
    if spec.detect and spec.detect not in DETECTORS:
        yield "detect", tr("must be one of {names}", names=", ".join(DETECTORS))
    if not (spec.directories or spec.files or spec.detect):
        yield "directories", tr("the rule matches nothing: give directories or files")
    yield from _pattern_mistakes(spec)
    for key in ("title", "reason", "remedy"):
        text = getattr(spec, key)
        unknown = _unknown_field(text)
        if unknown:
            yield key, tr("unknown field {{{name}}}", name=unknown)
        if spec.finding and not text:
            yield key, tr("a rule that makes a finding needs it")


def _pattern_mistakes(spec: RuleSpec) -> Iterable[tuple[str, str]]:
    values = placeholders(Config())
    lists = {"directories": spec.directories, "files": spec.files, "except": spec.exceptions}
    for key, texts in lists.items():
        for text in texts:
            try:
                _expand(text, values)
            except InputError as error:
                yield key, sentences(error.message, error.hint)


def _unknown_field(text: str) -> str:
    """The first replacement field of a text that is not one of TEXT_FIELDS, "" when all are."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError:
        return text
    plain = all(not spec and not conversion for _, name, spec, conversion in parsed if name)
    names = [name for _, name, _, _ in parsed if name is not None]
    return next((name or " " for name in names if name not in TEXT_FIELDS or not plain), "")


def _at(name: object, key: str, reason: str) -> str:
    if not key:
        return tr("rule {name}: {reason}", name=name, reason=reason)
    return tr("rule {name}: {key}: {reason}", name=name, key=key, reason=reason)


def _invalid(path: Path, reason: str) -> RulesInvalid:
    return RulesInvalid(
        tr("{file}: {reason}", file=path, reason=reason),
        tr("Correct the file or take it out of the folder; all other rules still apply."),
    )


def _rule(spec: RuleSpec, values: Mapping[str, tuple[str, ...]]) -> Rule:
    def patterns(texts: list[str]) -> tuple[Pattern, ...]:
        expanded = [pattern for text in texts for pattern in _expand(text, values)]
        return tuple(dict.fromkeys(expanded))

    return Rule(spec, patterns(spec.directories), patterns(spec.files), patterns(spec.exceptions))


def _expand(text: str, values: Mapping[str, tuple[str, ...]]) -> list[Pattern]:
    """The patterns of a text with each placeholder's values filled in; raises InputError."""
    try:
        parsed: _Parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise InputError(tr("“{pattern}” is not a path pattern.", pattern=text)) from error
    names = list(dict.fromkeys(name for _, name, _, _ in parsed if name is not None))
    unknown = [name for name in names if name not in values]
    if unknown:
        raise InputError(
            tr("unknown placeholder {{{name}}}", name=unknown[0]),
            tr("Known ones: {names}.", names=", ".join(values)),
        )
    choices = list(product(*(values[name] for name in names)))[:_MAX_EXPANSIONS]
    return [parse_pattern(_fill(parsed, dict(zip(names, one, strict=True)))) for one in choices]


def _fill(parsed: _Parsed, values: Mapping[str, str]) -> str:
    return "".join(text + (values[name] if name is not None else "") for text, name, _, _ in parsed)
