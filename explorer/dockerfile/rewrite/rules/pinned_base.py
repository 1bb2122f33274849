"""Names bases by tag and digest, so that tomorrow's build has the same ones."""

from __future__ import annotations

from explorer.dockerfile.bases import repository
from explorer.dockerfile.gobuild import Edit
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "pinned-base"


def _digest(case: Case, reference: str) -> str:
    """A digest that the engine knows the image by, "" when it knows none."""
    image = case.local(reference)
    wanted = repository(reference)
    return next(
        (
            r.partition("@")[2]
            for r in (image.references if image else ())
            if "@" in r and repository(r) == wanted
        ),
        "",
    )


def _found(case: Case, draft: Draft) -> list[tuple[int, str, str]]:
    names = {s.name for s in draft.document.stages}
    rows = [(s.opening.start, s.base, _digest(case, s.base)) for s in draft.document.stages]
    return [
        r
        for r in rows
        if r[2] and "@" not in r[1] and "$" not in r[1] and r[1].lower() not in names
    ]


def _examine(case: Case, draft: Draft) -> Verdict | None:
    found = _found(case, draft)
    if not found:
        return None
    openings = [
        s.opening
        for s in draft.document.stages
        if s.opening.start in {line for line, _, _ in found}
    ]
    reason = tr("A tag may name another image tomorrow; a digest never does.")
    return ask(
        reason,
        tr("A pinned base gets no security fixes until someone changes the digest."),
        draft.origins(openings),
        "low",
    )


def _edit(case: Case, draft: Draft) -> Draft:
    for line, base, digest in reversed(_found(case, draft)):
        opening = next(i for i in draft.document.instructions if i.start == line)
        start = opening.text.index(base)
        draft = draft.edit(opening, [Edit(start, start + len(base), f"{base}@{digest}")], ID)
    return draft


RULE = Rule(
    ID,
    mark("Pin base images"),
    "docs.docker.com/build/building/best-practices/#pin-base-image-versions",
    _examine,
    _edit,
)
