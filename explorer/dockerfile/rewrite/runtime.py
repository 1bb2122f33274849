"""What the final stage is FROM: chosen by what the program, its health check and its start need."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from explorer.dockerfile.bases import KnownBase, base_of_reference, known_base, repository
from explorer.dockerfile.evidence import ELF, SCRIPT
from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.rewrite.change import PredictedLayer, RuntimeChoice
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.libraries import carried_libraries
from explorer.dockerfile.runfiles import installs_packages
from explorer.dockerfile.shell import needs_shell, script
from explorer.image.history import instruction
from explorer.image.model import Config
from explorer.translation import listed, tr
from explorer.units import display_text

CHOICES = ("auto", "scratch", "static", "base", "alpine", "debian")
# Applets that Alpine's busybox has and that health checks call.
_ALPINE_PROGRAMS = frozenset(
    {
        "wget",
        "nc",
        "sh",
        "test",
        "[",
        "cat",
        "pgrep",
        "pidof",
        "ps",
        "echo",
        "exit",
        "true",
        "false",
        "grep",
        "stat",
        "ls",
    }
)
# Packages that only building needs, or whose data other rules carry.
_BUILD_PACKAGES = re.compile(
    r"(?:git|git-lfs|gcc|g\+\+|cpp|make|cmake|build-essential|build-base|musl-dev|libc6?-dev|libc-dev|linux-headers|pkg-?config|pkgconf|"
    r"binutils\S*|autoconf|automake|libtool|protobuf(?:-compiler|-dev)?|protoc|upx(?:-ucl)?|nodejs|npm|yarn|ca-certificates|tzdata|openssh-client|"
    r"openssh|gnupg|patch|unzip|xz-utils|lsb-release|apt-transport-https|software-properties-common|clang|lld|llvm|go|golang\S*|\S+-dev)(?:[=~<>]\S+)?$"
)  # fmt: skip
# Debian releases and their glibc.
_CODENAMES = {"bullseye": (2, 31), "bookworm": (2, 36), "trixie": (2, 41)}


@dataclass(frozen=True)
class Needs:
    """What speaks against an empty image: `shell` is "", "sh" or "bash"; each blocker is a sentence."""

    shell: str = ""
    reasons: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()


def needs_of(case: Case, draft: Draft) -> Needs:
    """What the image's start, health check and program need beside the program itself."""
    shell, reasons, blockers = "", list[str](), list[str]()
    entry = case.evidence.entry
    if entry.kind == SCRIPT:
        shell = "bash" if "bash" in entry.shebang else "sh"
        blockers.append(
            tr(
                "The image starts through the script {path}; which programs that calls is not known.",
                path=_shown(entry.path),
            )
        )
    elif not entry.path:
        blockers.append(tr("The program that the image starts was not found in it."))
    elif entry.kind != ELF:
        blockers.append(tr("{path} is not a Linux program.", path=_shown(entry.path)))
    if entry.kind == ELF and _shell_form(case, draft):
        shell = shell or "sh"
        reasons.append(tr("The start command needs a shell: {line}", line=_shown(entry.line)))
    health_shell, health_blocker = _health(case)
    if health_shell:
        shell = shell or health_shell
        reasons.append(tr("The health check needs a shell."))
    blockers += [health_blocker] if health_blocker else []
    blockers += _program_blockers(case)
    blockers += _library_blockers(case, draft)
    blockers += _image_blockers(case, draft)
    return Needs(shell, tuple(reasons), tuple(blockers))


def choose_runtime(case: Case, draft: Draft, needs: Needs) -> RuntimeChoice:
    """The runtime image, by the user's wish or by evidence."""
    wish = case.options.runtime
    choice, reasons = (
        (wish, [tr("Chosen by you.")]) if wish != "auto" else _by_evidence(case, draft, needs)
    )
    return RuntimeChoice(choice, image_of(case, draft, choice), tuple(reasons))


def conflict(case: Case, draft: Draft, runtime: RuntimeChoice, needs: Needs) -> str:
    """Why the image would not work on this runtime, "" when nothing speaks against it; only a wish can lead here."""
    facts, choice = case.facts, runtime.choice
    musl = "musl" in facts.interpreter
    if needs.shell and choice in ("scratch", "static", "base"):
        return tr(
            "{image} has no shell, which the image needs: it would not start or would not be healthy.",
            image=runtime.image,
        )
    if needs.shell == "bash" and choice == "alpine":
        return tr("The start script needs bash, which {image} does not have.", image=runtime.image)
    if draft.static is not False or (choice == "scratch" and carried_libraries(case)):
        return ""
    wrong = choice in ("scratch", "static") or musl != (choice == "alpine")
    if wrong:
        return tr(
            "The program needs the loader {path}, which {image} does not have: it would not start.",
            path=_shown(facts.interpreter or "?"),
            image=runtime.image,
        )
    if choice == "base" and facts.glibc is not None and facts.glibc > _CODENAMES["bookworm"]:
        return tr("The program needs a newer glibc than {image} has.", image=runtime.image)
    return ""


def _by_evidence(case: Case, draft: Draft, needs: Needs) -> tuple[str, list[str]]:
    facts = case.facts
    musl = "musl" in facts.interpreter
    if needs.shell == "bash" or (needs.shell and draft.static is False and not musl):
        return "debian", list(needs.reasons)
    if needs.shell:
        return "alpine", list(needs.reasons)
    if draft.static:
        reasons = [tr("The program is linked statically: it needs no libraries and no loader.")]
        if case.local(known_base("static").reference):
            return "static", reasons
        reasons.append(
            tr(
                "Empty, with certificates, accounts and /tmp taken from the old image: nothing has to be downloaded, and the program finds the files it had."
            )
        )
        reasons.append(
            tr("There is no shell in it; look into the container with docker cp or docker export.")
        )
        return "scratch", reasons
    if case.local(known_base("base").reference) is None and carried_libraries(case):
        return "scratch", [
            tr(
                "The program is linked with C; its loader and libraries are taken from the old image, so it finds the very same ones."
            )
        ]
    if musl:
        return "alpine", [tr("The program needs musl's loader {path}.", path=facts.interpreter)]
    old = facts.glibc is None or facts.glibc <= _CODENAMES["bookworm"]
    if (
        facts.known
        and old
        and set(facts.needed)
        <= {
            *known_base("base").libraries,
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1",
        }
    ):
        return "base", [
            tr(
                "The program needs glibc: {libraries}.",
                libraries=listed(facts.needed) or facts.interpreter,
            )
        ]
    if facts.known:
        return "debian", [
            tr("The program needs libraries: {libraries}.", libraries=listed(facts.needed))
        ]
    return "debian", [tr("How the program is linked is not known.")]


def image_of(case: Case, draft: Draft, choice: str) -> str:
    """The image of a choice: one that the engine holds, where it fits, else the table's."""
    known = known_base(choice)
    if choice == "scratch":
        return known.reference
    names = [case.evidence.rebuilt.base.reference, *(stage.base for stage in draft.document.stages)]
    if choice == "debian":
        named = next((c for n in names for c in _CODENAMES if c in n), "")
        fits = (case.facts.glibc or (2, 0)) <= _CODENAMES.get(named, (0, 0))
        codename = named if fits else _release(case)
        return f"debian:{codename}-slim"
    if choice == "alpine":
        version = next((m[1] for n in names if (m := re.search(r"alpine:?(3\.\d+)", n))), "")
        if version:
            return f"alpine:{version}"
    local = [
        r
        for i in case.evidence.local_images
        for r in i.references
        if repository(r) == repository(known.reference)
    ]
    return known.reference if not local or known.reference in local else max(local)


def _release(case: Case) -> str:
    """The oldest Debian from bookworm on whose glibc the program starts with."""
    needed = case.facts.glibc or (2, 0)
    return "bookworm" if needed <= _CODENAMES["bookworm"] else "trixie"


def base_layer(case: Case, image: str) -> PredictedLayer | None:
    """The layer that a runtime image adds, None for scratch."""
    if image == "scratch":
        return None
    local = case.local(image)
    if local is not None and local.content_bytes >= 0:
        return PredictedLayer("base", image, local.content_bytes)
    known = table_base(image)
    return PredictedLayer(
        "base", image, known.content_bytes if known else 0, "table" if known else "unknown"
    )


def base_config(case: Case, image: str) -> Config:
    """What a runtime image's config sets, as far as known."""
    local = case.local(image)
    if local is not None:
        return local.config
    known = table_base(image)
    return Config(env=known.env, working_dir=known.workdir) if known else Config()


def table_base(image: str) -> KnownBase | None:
    """The table's entry for an image."""
    return base_of_reference(image) if image != "scratch" else None


def _shell_form(case: Case, draft: Draft) -> bool:
    """Whether the start needs a shell, once what can be written as a list was."""
    entry = case.evidence.entry
    if not entry.line:
        return False
    stages = draft.document.stages
    last = [i for k in ("ENTRYPOINT", "CMD") if stages and (i := stages[-1].last(k)) is not None]
    if last and all(i.words is not None for i in last):
        return any(
            i.words and posixpath.basename(i.words[0]) in ("sh", "bash", "ash") for i in last
        )
    return needs_shell(entry.line) or bool(last)


def _health(case: Case) -> tuple[str, str]:
    """The shell that the health check needs, and why it speaks against another base."""
    test = case.evidence.config.healthcheck
    if not test or test[0] == "NONE":
        return "", ""
    entry = case.evidence.entry
    if test[0] == "CMD":
        program = test[1] if len(test) > 1 else ""
        if program in (entry.called, entry.path) or posixpath.basename(
            program
        ) == posixpath.basename(entry.path):
            return "", ""
        names = [posixpath.basename(program)]
    else:
        commands = script(" ".join(test[1:])).commands
        names = [c.name for c in commands if c.words]
        names = [n for n in names if n != posixpath.basename(entry.path)]
    missing = [n for n in names if n not in _ALPINE_PROGRAMS]
    if missing:
        return "sh", tr(
            "The health check calls {program}, which small images do not have.",
            program=_shown(missing[0]),
        )
    return "sh", ""


def _program_blockers(case: Case) -> list[str]:
    facts, sources, found = case.facts, case.sources, []
    if not facts.known:
        return [tr("The program was not looked at, so what it needs is not known.")]
    if not facts.is_go:
        return [tr("{path} is not a Go program.", path=_shown(facts.path))]
    if facts.proved("plugins"):
        found.append(tr("The program loads Go plugins, which are files of the image."))
    if facts.may("programs"):
        names = listed(sources.programs) if sources and sources.programs else ""
        if names:
            found.append(tr("The program starts other programs: {names}.", names=_shown(names)))
        elif facts.uses is not None:
            found.append(tr("The program can start other programs; which ones is not known."))
        else:
            found.append(
                tr("The program's functions cannot be read, so it may start other programs.")
            )
    return found


def _library_blockers(case: Case, draft: Draft) -> list[str]:
    """Libraries that no runtime image has and that cannot be taken along, as nobody knows what they load."""
    if draft.static is not False or carried_libraries(case):
        return []
    had = {name for choice in ("base", "debian", "alpine") for name in known_base(choice).libraries}
    missing = [n for n in case.facts.needed if n not in had and not n.startswith("ld-")]
    if not missing:
        return []
    return [
        tr(
            "The program needs {library}, which small images do not have.",
            library=_shown(missing[0]),
        )
    ]


def _image_blockers(case: Case, draft: Draft) -> list[str]:
    evidence, found = case.evidence, []
    if not evidence.analysis.complete:
        found.append(tr("The analysis is incomplete: files may be missing from it."))
    if evidence.capabilities:
        found.append(tr("A file of the image has capabilities (setcap), which a copy may lose."))
    if 0 <= evidence.entry.layer < evidence.base_layers:
        found.append(tr("{path} comes with the base image.", path=_shown(evidence.entry.path)))
    if case.mode == "image" and not evidence.has("/bin/sh") and case.facts.may("temporary-files"):
        found.append(
            tr(
                "The program writes temporary files, and the old image has no shell to make a /tmp with."
            )
        )
    found += case.mismatch
    packages = runtime_packages(case)
    if packages:
        found.append(
            tr(
                "The image installs {packages}, which the program may use.",
                packages=_shown(listed(packages)),
            )
        )
    if draft.document.stages and draft.final.find("ONBUILD"):
        found.append(tr("The image is a base of others: it has ONBUILD."))
    if evidence.run_file_count > 20_000:
        found.append(tr("The image holds more than 20,000 files of its own."))
    return found


def runtime_packages(case: Case) -> tuple[str, ...]:
    """Packages of the image that are not known to be for building only."""
    lines = [
        instruction(s.created_by)
        for s in case.evidence.analysis.image.history[case.evidence.rebuilt.base.steps :]
    ]
    found: list[str] = []
    for line in lines:
        if not line.startswith("RUN ") or not installs_packages(line):
            continue
        for command in script(line, 4).commands:
            values = [v for v in command.values() if not v.startswith("-")]
            verb = next((n for n, v in enumerate(values) if v in ("install", "add")), -1)
            if command.name in ("apt-get", "apt", "apk", "yum", "dnf", "microdnf") and verb > 0:
                found += [
                    v
                    for v in values[verb + 1 :]
                    if not _BUILD_PACKAGES.match(v) and not v.startswith(".")
                ]
    return tuple(dict.fromkeys(found))


def _shown(text: str) -> str:
    return display_text(text, 120)
