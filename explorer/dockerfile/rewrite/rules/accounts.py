"""/etc/passwd, /etc/group and nsswitch.conf: names for users, HOME, and where host names are looked up."""

from __future__ import annotations

from explorer.dockerfile.evidence import ACCOUNTS, NAME_SERVICES
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import add_copies, copy_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, sentences, tr

ID = "accounts"


def _paths(case: Case) -> list[str]:
    return [path for path in (*ACCOUNTS, *NAME_SERVICES) if case.evidence.has(path)]


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if not draft.split_from or not _paths(case):
        return None
    user = case.evidence.config.user
    reason = tr("The engine takes HOME from these files, and the program looks users up in them.")
    if user and not user.partition(":")[0].isdigit():
        named = tr("USER {user} is a name; the engine finds its number in these files.", user=user)
        reason = sentences(named, reason)
    return Verdict(reason)


def _edit(case: Case, draft: Draft) -> Draft:
    paths = _paths(case)
    layers = sum(case.evidence.files[path] for path in paths)
    newline_list = [copy_line(draft.split_from, path) for path in paths]
    return add_copies(
        draft, newline_list, PredictedLayer("system", " ".join(["COPY", *paths]), layers), ID
    )


RULE = Rule(
    ID, mark("Keep the accounts"), "os/user; moby daemon/oci_linux.go WithUser", _examine, _edit
)
