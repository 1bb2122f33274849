"""What a byte can be: the categories, which partition the content, and the seven colour groups they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.filesystem.union import State
from explorer.translation import mark, tr


@dataclass(frozen=True)
class Category:
    """One kind of bytes; its code is its place in CATEGORIES, `group` names the colour it is drawn in."""

    id: str
    text: str
    group: str

    def label(self) -> str:
        """The name in the user's language."""
        return tr(self.text)


CATEGORIES = (
    Category("application", mark("Application"), "application"),
    Category("go-toolchain", mark("Go toolchain"), "toolchain"),
    Category("go-build-cache", mark("Go build cache"), "cache"),
    Category("go-module-cache", mark("Go module cache"), "modules"),
    Category("source", mark("Source code"), "source"),
    Category("vcs", mark("Version control"), "source"),
    Category("package-cache", mark("Package caches"), "cache"),
    Category("c-toolchain", mark("C toolchain"), "toolchain"),
    Category("documentation", mark("Documentation"), "system"),
    Category("test-data", mark("Test data"), "source"),
    Category("debug-symbols", mark("Debug symbols"), "shadow"),
    Category("temporary", mark("Temporary files"), "cache"),
    Category("package-database", mark("Package database"), "system"),
    Category("system", mark("System"), "system"),
    Category("other", mark("Other"), "system"),
    Category("deleted", mark("Deleted later"), "shadow"),
    Category("overwritten", mark("Overwritten later"), "shadow"),
    Category("metadata-copy", mark("Metadata copies"), "shadow"),
    Category("duplicate-entry", mark("Written twice in one layer"), "shadow"),
)
GROUPS = ("application", "toolchain", "cache", "modules", "source", "shadow", "system")
CODE = {category.id: code for code, category in enumerate(CATEGORIES)}
# The category of a payload that nothing reaches, by what became of it.
SHADOW = {
    State.DELETED: CODE["deleted"],
    State.OVERWRITTEN: CODE["overwritten"],
    State.METADATA_COPY: CODE["metadata-copy"],
    State.DUPLICATE: CODE["duplicate-entry"],
}
# What live payloads, and so rules, can be.
LIVE_IDS = tuple(item.id for code, item in enumerate(CATEGORIES) if code not in SHADOW.values())
