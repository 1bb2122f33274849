"""What could not be read in an executable: codes that travel and are saved, and their texts in the user's language."""

from __future__ import annotations

from explorer.translation import mark, tr

DEPENDENCIES_UNAVAILABLE = "dependencies-unavailable"
NO_FUNCTION_TABLE, OLD_FUNCTION_TABLE = "no-function-table", "old-function-table"
FORMAT_NOT_ANALYSED, NO_BUILD_INFO = "format-not-analysed", "no-build-info"
PACKED, NO_SECTIONS, DAMAGED = "packed", "no-sections", "damaged"

TEXTS = {
    DEPENDENCIES_UNAVAILABLE: mark("The program does not list its dependencies: it was built from a vendor folder without module information or from GOPATH."),
    NO_FUNCTION_TABLE: mark("The table of functions was not found or is damaged: bytes are not attributed to packages."),
    OLD_FUNCTION_TABLE: mark("The program was built with Go 1.15 or older: bytes are not attributed to packages."),
    FORMAT_NOT_ANALYSED: mark("Only ELF programs (Linux) are analysed by package; of this one the build information was read."),
    NO_BUILD_INFO: mark("The program has no Go build information: it is not written in Go, or the information was removed."),
    PACKED: mark("The program is packed with UPX and cannot be analysed without unpacking it: upx -d."),
    NO_SECTIONS: mark("The program has no section headers: whether it holds debug information cannot be told exactly."),
    DAMAGED: mark("A part of the program contradicts itself and was left out."),
    "truncated": mark("The file ends before a part that its headers name: it is cut off."),
    "bad-sections": mark("The section headers are damaged; sections that could be read are shown."),
    "bad-program-headers": mark("The program headers are damaged; the linkage may be incomplete."),
    "too-many-segments": mark("The program claims more segments than any program has; the first ones were read."),
}  # fmt: skip


def problem_text(code: str) -> str:
    """One sentence for people."""
    return tr(TEXTS[code])
