"""ADD of plain local files becomes COPY."""

from __future__ import annotations

import re

from explorer.dockerfile.gobuild import Edit
from explorer.dockerfile.model import Instruction
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "add-to-copy"
# ADD unpacks these and fetches those: a COPY would not.
_UNPACKED = re.compile(
    r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+|gz|bz2|xz|zst|zip)$|[*?\[$]|^[a-z+]+://|^git@", re.IGNORECASE
)


def _examine(case: Case, draft: Draft) -> Verdict | None:
    found = _plain(case, draft)
    if not found:
        return None
    return Verdict(
        tr(
            "ADD also fetches addresses and unpacks archives; for plain files COPY says what is meant."
        ),
        lines=draft.origins(found),
    )


def _plain(case: Case, draft: Draft) -> list[Instruction]:
    """ADDs whose sources are files of the context and no archives; without a source folder: names with a plain ending."""
    found = []
    for instruction in (i for s in draft.document.stages for i in s.find("ADD")):
        words = instruction.words or tuple(instruction.rest.split())
        sources = words[:-1]
        if not sources or instruction.heredocs or any(_UNPACKED.search(s) for s in sources):
            continue
        if all(_known(case, source) for source in sources):
            found.append(instruction)
    return found


def _known(case: Case, source: str) -> bool:
    """A file's content decides whether ADD unpacks it; folders are never unpacked."""
    name = source.removeprefix("./").rstrip("/")
    if case.sources is None:
        return name in ("", ".") or bool(
            re.search(
                r"\.(?:go|mod|sum|json|ya?ml|toml|html|css|js|txt|md|sh|conf|env|sql|pem|crt)$",
                name,
            )
        )
    return name in ("", ".") or case.sources.has_folder(name) or case.sources.has(name)


def _edit(case: Case, draft: Draft) -> Draft:
    for instruction in _plain(case, draft):
        match = re.search(r"ADD", instruction.text, re.IGNORECASE)
        if match is not None:
            draft = draft.edit(
                draft.again(instruction), [Edit(match.start(), match.end(), "COPY")], ID
            )
    return draft


RULE = Rule(ID, mark("COPY instead of ADD"), "hadolint DL3020", _examine, _edit)
