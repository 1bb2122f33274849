"""A finding: bytes of one cause, where they are, how sure it is and what to do; its texts are made when they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.translation import mark, ntr, tr
from explorer.units import count_text


@dataclass(frozen=True, eq=False)
class Finding:
    """`bytes` counts the payloads of `rows`, for duplicates all but one of each; with `overlaps` others may count them too."""

    id: str
    category: str
    bytes: int
    layer: int  # index of the image's layer that holds most of it, -1: spread over several
    rows: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int32))  # int32, biggest first
    confidence: str = "high"  # "high", "medium" or "info"
    # What the texts name; a rule's own texts are here too, so that a saved finding needs no rule files.
    fields: Mapping[str, str | int] = field(default_factory=dict)
    overlaps: bool = False

    def title(self) -> str:
        """A few words: what it is."""
        return self._text("title", 0)

    def reason(self) -> str:
        """Why these bytes are there and why they are not needed."""
        return self._text("reason", 1)

    def remedy(self) -> str:
        """What to change in the Dockerfile."""
        return self._text("remedy", 2)

    def _text(self, name: str, place: int) -> str:
        own = self.fields.get(name)
        text = str(own) if own is not None else TEXTS[str(self.fields.get("text", self.id))][place]
        values: dict[str, object] = {
            key: value for key, value in self.fields.items() if key not in ("text", *_NESTED)
        }
        count = int(self.fields.get("count", len(self.rows)))
        values["count"] = count_text(count)
        values["files"] = ntr("{n} file", "{n} files", count, n=count_text(count))
        for key in _NESTED:
            # A text inside a text, with the same fields.
            values[key] = tr(str(self.fields.get(key, "")), **values)
        return tr(text, **values)


# The fields that are texts of a rule themselves: what was deleted, and how it is avoided.
_NESTED = ("what", "cure")

# (title, reason, remedy) of findings that come from what later layers do, not from rules.
TEXTS: Mapping[str, tuple[str, str, str]] = {
    "deleted-later": (
        mark("Files deleted in a later layer"),
        mark("Layer {layer} ({step}) deletes {files} under {places} that earlier layers hold. Deleting only hides them: their bytes stay in the image."),
        mark("Delete them in the RUN that makes them, or make them in a build stage and COPY --from only what is needed."),
    ),
    "copied-then-deleted": (
        mark("Files deleted in a later layer"),
        mark("Layer {layer} ({step}) deletes {files} under {places} that a COPY or ADD brought in. Deleting only hides them: their bytes stay in the image."),
        mark("Do not copy them: list them in .dockerignore, use RUN --mount=type=bind where only the build needs them, or copy them into a build stage."),
    ),
    "deleted-known": (
        mark("{what}, deleted later"),
        mark("Layer {layer} ({step}) deletes {files} under {places}. Deleting only hides them: their bytes stay in the image."),
        "{cure}",  # the rule's own, in the user's language already
    ),
    "moved-later": (
        mark("Files moved in a later layer"),
        mark("Layer {layer} ({step}) moves {files} away from {places}. The old copies stay in the image."),
        mark("Put them in their final place at once: COPY straight to it, or move them in the RUN that makes them."),
    ),
    "overwritten-later": (
        mark("Files overwritten in a later layer"),
        mark("Layer {layer} ({step}) writes {files} under {places} again with other content. The old versions stay in the image."),
        mark("Write them once: join the steps into one RUN, or copy the final version only."),
    ),
    "package-database-copies": (
        mark("Package database written again"),
        mark("Each step that installs packages rewrites the package database; old versions of its files ({count}) stay in the image. The database itself is needed."),
        mark("Install all packages in one RUN, before anything else changes."),
    ),
    "owner-copies": (
        mark("Copies made by chown"),
        mark("Layer {layer} ({step}) changes only the owner of {files} under {places}; each is stored a second time."),
        mark("Set the owner when the files are written: COPY --chown=user:group …, or chown in the RUN that makes them."),
    ),
    "mode-copies": (
        mark("Copies made by chmod"),
        mark("Layer {layer} ({step}) changes only the permissions of {files} under {places}; each is stored a second time."),
        mark("Set the permissions when the files are written: COPY --chmod=755 …, or chmod in the RUN that makes them."),
    ),
    "owner-and-mode-copies": (
        mark("Copies made by chown and chmod"),
        mark("Layer {layer} ({step}) changes only owner and permissions of {files} under {places}; each is stored a second time."),
        mark("Set both when the files are written: COPY --chown=user:group --chmod=755 …, or in the RUN that makes them."),
    ),
    "link-copies": (
        mark("Copies made by hard links"),
        mark("Layer {layer} ({step}) makes hard links to {files} under {places} of earlier layers; each is stored a second time."),
        mark("Use symbolic links (ln -s), or make the links in the RUN that writes the files."),
    ),
    "time-copies": (
        mark("Same files written again"),
        mark("Layer {layer} ({step}) writes {files} under {places} again with the same content; each is stored a second time."),
        mark("Write or copy them once; leave out the second COPY, or the touch, chmod or chown that changes nothing."),
    ),
    "small-changes": (
        mark("Small changes of later layers"),
        mark("Later layers delete small files or write them again ({files}, most of them under {places}); the old versions stay in the image."),
        mark("Not worth a change of its own; a multi-stage build leaves them behind with all else."),
    ),
    "written-twice": (
        mark("Paths written twice in one layer"),
        mark("A layer holds older versions of its own paths ({files} under {places}); only the last one of each counts."),
        mark("This comes from the tool that made the layer: build it again with a current one."),
    ),
    "duplicates": (
        mark("Duplicate files"),
        mark("Copies of content that another file of the image holds too: {files}, most of them under {places}."),
        mark("Keep one of each and make the others links (ln -s), or copy them once."),
    ),
}  # fmt: skip
