"""The smallest parts of a comparison: a figure of both images, and a setting that differs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """A figure of both images; bytes unless said otherwise."""

    a: int
    b: int

    @property
    def delta(self) -> int:
        """How much more the second has."""
        return self.b - self.a


@dataclass(frozen=True)
class ConfigChange:
    """One setting that differs, its values as text, secrets masked; "" where it is not set."""

    key: str
    a: str
    b: str
