"""Checks without running anything: what starting and running the program takes is in the new image as in the old one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explorer.dockerfile.verify.model import (
    DIFFERS,
    INCONCLUSIVE,
    SAME,
    STATIC,
    Check,
    VerifyOptions,
)
from explorer.dockerfile.verify.programs import (
    Needs,
    commands_in,
    needs_of,
    shell_text,
    split_words,
)
from explorer.dockerfile.verify.rootfs import FILE_LIMIT, RootFs, Stat, command_of
from explorer.errors import InputError
from explorer.gobinary.buildinfo import BuildInfo, read_build_info
from explorer.gobinary.elf import MAGIC, read_elf
from explorer.gobinary.executable import Damaged
from explorer.task import Task
from explorer.translation import listed, ntr, sentences, tr
from explorer.units import display_name, display_text

# crypto/x509/root_linux.go: the bundles and folders that Go looks at, in its order.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# time/zoneinfo_unix.go
_ZONES = ("/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo")
# Where a program that was built without -trimpath looks last.
_GO_ZONES = "/usr/local/go/lib/time/zoneinfo.zip"
# Names of functions as they stand in a Go program's table, ended by NUL, when the linker kept them.
_VERIFIES_TLS = b"crypto/x509.(*Certificate).Verify\0"
_LOADS_ZONES = b"time.LoadLocation\0"
_EMBEDS_ZONES = b"time/tzdata.init"
_MAKES_TEMPORARY = (b"os.CreateTemp\0", b"os.MkdirTemp\0")
_ASKS_USER = b"os/user.Current\0"
# mattn/go-sqlite3 static_mock.go, which is built in instead of SQLite when cgo is off.
_SQLITE_STUB = b"go-sqlite3 requires cgo to work. This is a stub"
_SHOWN = 8
_OTHER = "other"


def static_checks(task: Task, old: RootFs, new: RootFs, options: VerifyOptions) -> list[Check]:
    """All checks, in the order in which things would fail."""
    checks = []
    for check in (
        _entry,
        _architecture,
        _libraries,
        _shell_programs,
        _health_program,
        _user,
        _certificates,
        _time_zones,
        _temporary_folder,
        _user_database,
        _stub,
    ):
        task.checkpoint()
        found = check(old, new)
        if found is not None:
            checks.append(found)
    checks += _files(task, old, new, options)
    checks += _build_information(old, new, options)
    return checks


def _check(name: str, result: str, evidence: str) -> Check:
    return Check(name, STATIC, result, evidence)


def _entry(old: RootFs, new: RootFs) -> Check:
    name = tr("The program is there")
    words = command_of(new.image)
    if not words:
        result = DIFFERS if command_of(old.image) else SAME
        return _check(name, result, tr("The new image names no program."))
    data, found = new.entry
    shown = display_text(words[0], 120)
    if found is None:
        if old.entry[1] is None:
            return _check(name, INCONCLUSIVE, tr("Neither image has {name}.", name=shown))
        return _check(name, DIFFERS, tr("The new image has no {name}.", name=shown))
    if not found.executable:
        return _check(
            name,
            DIFFERS,
            tr("{name} may not be executed (mode {mode}).", name=shown, mode=f"{found.mode:o}"),
        )
    lacks = needs_of(new, found.path, data).missing
    before = needs_of(old, old.entry[1].path, old.entry[0]).missing if old.entry[1] else []
    if lacks and set(lacks) - set(before):
        return _check(
            name,
            DIFFERS,
            tr("{name} cannot start: the image lacks {lacks}.", name=shown, lacks=_list(lacks)),
        )
    return _check(
        name, SAME, tr("{path} exists and can start.", path=display_text(found.path, 200))
    )


def _architecture(old: RootFs, new: RootFs) -> Check | None:
    del old
    arch = needs_of(new, "", new.entry[0]).arch if new.entry[0].startswith(MAGIC) else ""
    wanted = new.image.platform.architecture
    if not arch or not wanted:
        return None
    evidence = tr("The program is for {arch}, the image for {wanted}.", arch=arch, wanted=wanted)
    return _check(tr("Architecture"), SAME if arch == wanted else DIFFERS, evidence)


def _libraries(old: RootFs, new: RootFs) -> Check | None:
    before, after = _needs(old), _needs(new)
    if not after.kind or after.kind == "script":
        return None
    name = tr("Libraries can be found")
    if after.kind == "static":
        return _check(name, SAME, tr("The program needs none (it was: {kind}).", kind=before.kind))
    lacking = [item for item in after.missing if item not in before.missing]
    if lacking:
        return _check(name, DIFFERS, tr("The new image lacks {lacks}.", lacks=_list(lacking)))
    return _check(name, SAME, tr("Found: {names}.", names=_list(after.found)))


def _needs(fs: RootFs) -> Needs:
    data, found = fs.entry
    return needs_of(fs, found.path, data) if found else Needs()


def _shell_programs(old: RootFs, new: RootFs) -> Check | None:
    """Programs that the entry's shell code names, as far as the old image has them."""
    text = shell_text(old, command_of(old.image), old.entry[0])
    text += "\n" + shell_text(new, command_of(new.image), new.entry[0])
    named = [word for word in commands_in(text) if old.program(word) is not None]
    if not named:
        return None
    lacking = [word for word in named if new.program(word) is None]
    still_shell = bool(shell_text(new, command_of(new.image), new.entry[0]).strip())
    name = tr("Programs that the start script runs")
    if lacking and still_shell:
        return _check(name, DIFFERS, tr("The new image lacks {lacks}.", lacks=_list(lacking)))
    return _check(
        name, SAME, tr("Present: {names}.", names=_list([w for w in named if w not in lacking]))
    )


def _health_program(old: RootFs, new: RootFs) -> Check | None:
    test = new.image.config.healthcheck
    if not test or test[0] == "NONE":
        return None
    name = tr("The health check can run")
    programs = list(test[1:2]) if test[0] == "CMD" else ["/bin/sh"]
    if test[0] == "CMD-SHELL":
        programs += [w for w in commands_in(" ".join(test[1:])) if old.program(w) is not None]
        programs += [w for w in split_words(" ".join(test[1:]))[:1] if old.program(w) is not None]
    lacking = [word for word in dict.fromkeys(programs) if new.program(word) is None]
    if not lacking:
        return _check(
            name, SAME, tr("Present: {names}.", names=_list(list(dict.fromkeys(programs))))
        )
    if all(old.program(word) is None for word in lacking):
        return _check(name, SAME, tr("It could not run in the old image either."))
    return _check(name, DIFFERS, tr("The new image lacks {lacks}.", lacks=_list(lacking)))


def _user(old: RootFs, new: RootFs) -> Check | None:
    del old
    user = new.image.config.user
    if not user:
        return None
    name, _, group = user.partition(":")
    lacking = [
        item
        for item, path in ((name, "/etc/passwd"), (group, "/etc/group"))
        if item and not item.isdecimal() and not _has_line(new, path, item)
    ]
    title = tr("The user can be found")
    if lacking:
        return _check(
            title, DIFFERS, tr("The new image does not know {names}.", names=_list(lacking))
        )
    return _check(title, SAME, tr("User {user}.", user=display_text(user, 80)))


def _has_line(fs: RootFs, path: str, name: str) -> bool:
    return any(line.split(":", 1)[0] == name for line in fs.text(path).splitlines())


def _certificates(old: RootFs, new: RootFs) -> Check | None:
    if _VERIFIES_TLS not in new.entry[0]:
        return None
    before, after = _first(old, _BUNDLES), _first(new, _BUNDLES)
    own = new.image.config.variable("SSL_CERT_FILE")
    if own and new.exists(own):
        after = own
    title = tr("Trusted certificates")
    if not before:
        return _check(title, SAME, after or tr("The old image has none either."))
    if not after:
        return _check(
            title,
            DIFFERS,
            tr(
                "The program can make TLS connections, and the new image has no {path}.",
                path=before,
            ),
        )
    if new.digest(after) != old.digest(before):
        missing = _certificates_in(old.text(before)) - _certificates_in(new.text(after))
        if missing:
            text = ntr(
                "The new image trusts {n} certificate less.",
                "The new image trusts {n} certificates less.",
                len(missing),
            )
            return _check(title, DIFFERS, text)
    return _check(title, SAME, after)


def _certificates_in(text: str) -> set[str]:
    """Certificates of a bundle, without the line ends inside."""
    found = re.findall(
        r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL
    )
    return {"".join(item.split()) for item in found}


def _time_zones(old: RootFs, new: RootFs) -> Check | None:
    if _LOADS_ZONES not in new.entry[0] and not new.image.config.variable("TZ"):
        return None
    title = tr("Time zones")
    before = _first(old, (*_ZONES, _GO_ZONES))
    named = new.image.config.variable("ZONEINFO")
    after = _first(new, (*_ZONES, named) if named else _ZONES)
    if _EMBEDS_ZONES in new.entry[0]:
        return _check(title, SAME, tr("The program brings its own."))
    if before and not after:
        return _check(
            title,
            DIFFERS,
            tr("The program can load time zones, and the new image has no {path}.", path=before),
        )
    return _check(title, SAME, after or tr("The old image has none either."))


def _temporary_folder(old: RootFs, new: RootFs) -> Check | None:
    if not any(name in new.entry[0] for name in _MAKES_TEMPORARY):
        return None
    title = tr("Folder for temporary files")
    path = new.image.config.variable("TMPDIR") or "/tmp"  # noqa: S108  # of the image, not of this machine
    before, after = old.stat(path), new.stat(path)
    if after is not None and after.directory:
        return _check(title, SAME, display_text(path))
    if before is None:
        return _check(title, SAME, tr("The old image has none either."))
    return _check(
        title,
        DIFFERS,
        tr(
            "The program can make temporary files (large uploads do), and the new image has no {path}.",
            path=path,
        ),
    )


def _user_database(old: RootFs, new: RootFs) -> Check | None:
    """os/user.Current without cgo needs a line in /etc/passwd, or USER and HOME in the environment."""
    if _ASKS_USER not in new.entry[0]:
        return None
    title = tr("The program can ask who it is")
    before, after = _knows_itself(old), _knows_itself(new)
    if before and not after:
        return _check(title, DIFFERS, tr("/etc/passwd of the new image has no line for its user."))
    return _check(title, SAME, "/etc/passwd")


def _knows_itself(fs: RootFs) -> bool:
    config = fs.image.config
    user = config.user.partition(":")[0] or "0"
    rows = [line.split(":") for line in fs.text("/etc/passwd").splitlines()]
    known = any(len(row) > 2 and user in (row[0], row[2]) for row in rows)
    return known or bool(config.variable("USER") and config.variable("HOME"))


def _stub(old: RootFs, new: RootFs) -> Check | None:
    if _SQLITE_STUB not in new.entry[0] or _SQLITE_STUB in old.entry[0]:
        return None
    return _check(
        tr("Features that need cgo"),
        DIFFERS,
        tr("SQLite is left out of the new program: it was built without cgo."),
    )


def _files(task: Task, old: RootFs, new: RootFs, options: VerifyOptions) -> Iterator[Check]:
    """Files the program needs while it runs: there, and with the same bytes; programs may have been built anew."""
    paths = options.files
    if not paths:
        return
    gone, changed, anew = [], [], list[str]()
    for raw in paths:
        task.checkpoint()
        path = "/" + raw.decode("utf-8", "surrogateescape").lstrip("/")
        before, after = old.stat(path), new.stat(path)
        if before is None:
            continue
        if after is None or after.directory != before.directory:
            gone.append(display_name(raw))
        elif before.directory or not _has_changed(old, new, before, after):
            continue
        elif why := _not_the_same_program(old, new, before, after, options):
            changed.append(f"{display_name(raw)} ({why})" if why != _OTHER else display_name(raw))
        else:
            anew.append(display_name(raw))
    title = tr("Files that the program needs at run time")
    if gone:
        yield _check(title, DIFFERS, tr("The new image lacks {names}.", names=_list(gone)))
    elif changed:
        yield _check(title, DIFFERS, tr("Other content: {names}.", names=_list(changed)))
    else:
        text = ntr(
            "{n} file is there, unchanged.",
            "{n} files are there, unchanged.",
            len(paths) - len(anew),
        )
        if anew:
            built = tr("Rebuilt from the same modules: {names}.", names=_list(anew))
            text = sentences(text, built)
        yield _check(title, SAME, text)


def _has_changed(old: RootFs, new: RootFs, before: Stat, after: Stat) -> bool:
    if before.size != after.size:
        return True
    return before.size <= FILE_LIMIT and old.digest(before.path) != new.digest(after.path)


def _not_the_same_program(
    old: RootFs, new: RootFs, before: Stat, after: Stat, options: VerifyOptions
) -> str:
    """Why a file with other bytes is not a Go program that was only built anew, "" when it is one."""
    if max(before.size, after.size) > FILE_LIMIT:
        return _OTHER
    data = old.read(before.path, FILE_LIMIT), new.read(after.path, FILE_LIMIT)
    infos = _info(data[0]), _info(data[1])
    if infos[0] is None or infos[1] is None:
        return _OTHER
    if not after.executable:
        return tr("may not be executed")
    needs = needs_of(old, before.path, data[0]).missing, needs_of(new, after.path, data[1]).missing
    if lacking := [item for item in needs[1] if item not in needs[0]]:
        return tr("the image lacks {lacks}", lacks=_list(lacking))
    return _list(_info_differences(infos[0], infos[1], options))


def _build_information(old: RootFs, new: RootFs, options: VerifyOptions) -> Iterator[Check]:
    """Same sources: main package, modules and versions, settings but for those meant to change."""
    before, after = _info(old.entry[0]), _info(new.entry[0])
    if before is None or after is None:
        return
    different = _info_differences(before, after, options)
    title = tr("Build information")
    if different:
        yield _check(title, DIFFERS, tr("Changed: {what}.", what=_list(different)))
    else:
        count = len(after.dependencies or ())
        yield _check(
            title,
            SAME,
            ntr("Same main package, {n} module.", "Same main package, {n} modules.", count),
        )


def _info_differences(before: BuildInfo, after: BuildInfo, options: VerifyOptions) -> list[str]:
    different = []
    if before.path != after.path:
        different.append(tr("main package {old} → {new}", old=before.path, new=after.path))
    if before.go_version != after.go_version:
        different.append(tr("Go {old} → {new}", old=before.go_version, new=after.go_version))
    modules = _modules(before), _modules(after)
    different += [
        tr(
            "module {name}: {old} → {new}",
            name=name,
            old=modules[0].get(name, "—"),
            new=modules[1].get(name, "—"),
        )
        for name in sorted({*modules[0], *modules[1]})
        if modules[0].get(name) != modules[1].get(name)
    ]
    for key in sorted({*before.settings, *after.settings}):
        values = before.settings.get(key, ""), after.settings.get(key, "")
        if values[0] != values[1] and not _is_intended(key, options):
            different.append(f"{key} {values[0] or '—'} → {values[1] or '—'}")
    return [display_text(item, 200) for item in different]


def _is_intended(key: str, options: VerifyOptions) -> bool:
    # What cgo is given follows from whether it is used; what git knows depends on .dockerignore.
    return key in options.intended_build or key.startswith(("CGO_", "vcs"))


def _modules(info: BuildInfo) -> dict[str, str]:
    return {
        m.path: (m.replace.path + m.replace.version) if m.replace else m.version
        for m in info.dependencies or ()
    }


def _info(data: bytes) -> BuildInfo | None:
    if not data.startswith(MAGIC):
        return None
    try:
        return read_build_info(read_elf(memoryview(data)))
    except (Damaged, InputError):
        return None


def _first(fs: RootFs, paths: tuple[str, ...]) -> str:
    return next((path for path in paths if fs.exists(path)), "")


def _list(names: list[str]) -> str:
    shown = [display_text(name, 160) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append("…")
    return listed(shown)
