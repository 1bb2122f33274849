"""The bundle of trusted certificates, without which TLS connections fail."""

from __future__ import annotations

from explorer.dockerfile.evidence import CERTIFICATES
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import add_copies, copy_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, sentences, tr

ID = "certificates"


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if (
        not draft.split_from
        or not case.evidence.has(CERTIFICATES)
        or not case.facts.may("certificates")
    ):
        return None
    own = any(
        "update-ca-certificates" in s.created_by for s in case.evidence.analysis.image.history
    )
    reason = tr(
        "The program can make TLS connections, and checks them against this file; it is taken from the old image."
    )
    if own:
        reason = sentences(reason, tr("The image adds certificates of its own to it."))
    return Verdict(reason)


def _edit(case: Case, draft: Draft) -> Draft:
    layer = PredictedLayer("system", f"COPY {CERTIFICATES}", case.evidence.files[CERTIFICATES])
    return add_copies(draft, [copy_line(draft.split_from, CERTIFICATES)], layer, ID)


RULE = Rule(ID, mark("Keep the trusted certificates"), "crypto/x509/root_linux.go", _examine, _edit)
