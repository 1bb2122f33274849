"""Who made a snapshot, on what and when: program, date and machine; no names of people, hosts or folders."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from explorer.translation import tr
from explorer.units import display_text

_CPU_INFO = "/proc/cpuinfo"
_CPU_INFO_LIMIT = 1 << 16


@dataclass(frozen=True)
class Origin:
    """`when` is UTC in ISO 8601; `note` is free text that is shown with it."""

    program: str = ""
    when: str = ""
    cpu: str = ""
    cpus: int = 0
    kernel: str = ""
    architecture: str = ""
    reference: str = ""  # what the image was called where it was recorded
    source: str = ""  # the kind of source it was read from
    note: str = ""

    def machine(self) -> str:
        """The machine in one line, harmless to show; "" when nothing is known."""
        cores = tr("{n} CPUs", n=self.cpus) if self.cpus else ""
        kernel = " ".join(part for part in (self.kernel, self.architecture) if part)
        return display_text(", ".join(part for part in (self.cpu, cores, kernel) if part), 200)

    def day(self) -> str:
        """The date for people: 2026-11-25 22:40 UTC."""
        moment = self.when.replace("T", " ").removesuffix("Z")[:16]
        return display_text(f"{moment} UTC", 40) if moment else tr("an unknown date")

    def sentence(self) -> str:
        """When, with what and on what it was recorded, in one sentence."""
        return tr(
            "Recorded on {day} with {program} on {machine}.",
            day=self.day(),
            program=display_text(self.program, 80) or tr("an unknown program"),
            machine=self.machine() or tr("an unknown machine"),
        )


def origin_now(reference: str, source: str, note: str = "") -> Origin:
    """What this program on this machine is called at this moment."""
    try:
        number = version("image-size-explorer")
    except PackageNotFoundError:
        number = "0"
    system = os.uname()
    return Origin(
        program=f"image-explorer {number}",
        when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        cpu=_cpu(),
        cpus=os.cpu_count() or 0,
        kernel=f"{system.sysname} {system.release}",
        architecture=platform.machine(),
        reference=reference,
        source=source,
        note=note,
    )


def origin_of(found: Any) -> Origin:
    """The origin in a header; fields of another type or of a later version are left out."""
    try:
        return msgspec.convert(found, Origin)
    except (msgspec.ValidationError, RecursionError):
        return Origin()


def _cpu() -> str:
    """The processor's name as the kernel gives it, "" when it does not."""
    try:
        with open(_CPU_INFO, encoding="utf-8", errors="replace") as file:
            text = file.read(_CPU_INFO_LIMIT)
    except OSError:
        return ""
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() in ("model name", "Model", "Hardware"):
            return " ".join(value.split())[:100]
    return ""
