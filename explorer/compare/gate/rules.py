"""A rule that an image must keep, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.compare.gate.limits import BYTES, SECONDS, SHARE, Limit
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import TEXTS
from explorer.translation import mark, tr
from explorer.units import display_text, seconds_text, size_text

SIZE = "max-size"
RECLAIMABLE = "max-reclaimable"
CATEGORY = "max-category"
FORBIDDEN = "forbid"
GROWTH = "max-growth"
START = "max-start"
SLOWDOWN = "max-slowdown"
DIVE_EFFICIENCY = "dive-lowest-efficiency"
DIVE_WASTED = "dive-highest-wasted-bytes"
DIVE_USER_WASTED = "dive-highest-user-wasted-percent"

_TITLES = {
    SIZE: mark("size (content of all layers)"),
    RECLAIMABLE: mark("reclaimable"),
    CATEGORY: mark("{subject}"),
    FORBIDDEN: mark("no {subject}"),
    GROWTH: mark("growth against the baseline"),
    START: mark("start of the app, typical"),
    SLOWDOWN: mark("slower start than the baseline"),
    DIVE_EFFICIENCY: mark("dive: efficiency at least"),
    DIVE_WASTED: mark("dive: wasted bytes"),
    DIVE_USER_WASTED: mark("dive: share wasted, base layer left out"),
}

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"


@dataclass(frozen=True)
class Rule:
    """One limit: `kind` as its option is called, `subject` a category or finding, `origin` the file it stands in ("" for none)."""

    kind: str
    limit: Limit
    subject: str = ""
    origin: str = ""

    @property
    def id(self) -> str:
        """How the rule is called in reports for machines: max-category:source."""
        return f"{self.kind}:{self.subject}" if self.subject else self.kind

    def title(self) -> str:
        """What it limits, in the user's language."""
        return tr(_TITLES[self.kind], subject=subject_label(self.subject))


@dataclass(frozen=True)
class Outcome:
    """Whether a rule is kept: `measured` is in the limit's unit (None: not known), `reason` says why it could not be told,
    and `evidence` has lines that show where the number comes from.
    """

    rule: Rule
    verdict: str
    measured: float | None
    reason: str = ""
    evidence: tuple[str, ...] = ()


def overall(outcomes: tuple[Outcome, ...]) -> str:
    """failed when a rule is broken, else unknown when one could not be told, else passed."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return next((verdict for verdict in (FAILED, UNKNOWN) if verdict in verdicts), PASSED)


def subject_label(subject: str) -> str:
    """The name of a category, or a finding's ID as it is."""
    known = next((item for item in CATEGORIES if item.id == subject), None)
    return known.label() if known is not None else display_text(subject, 60)


def is_known_subject(subject: str, rule_ids: tuple[str, ...]) -> bool:
    """Whether a category or finding of this name can exist; `rule_ids` are those of the image's analysis."""
    return bool(subject) and (
        any(item.id == subject for item in CATEGORIES) or subject in TEXTS or subject in rule_ids
    )


def number_text(value: float | None, unit: str) -> str:
    """A measured value or a limit as people read it."""
    if value is None:
        return "–"
    if unit == BYTES:
        return size_text(int(value)) if value >= 0 else f"−{size_text(-int(value))}"
    if unit == SHARE:
        return f"{100 * value:.2f}%".replace(".00%", "%")
    assert unit == SECONDS
    text = _milliseconds(abs(value)) if abs(value) < 1 else seconds_text(abs(value))
    return f"−{text}" if value < 0 and text != "0 ms" else text


def _milliseconds(seconds: float) -> str:
    """0.48 ms, 12.5 ms, 300 ms."""
    digits = 2 if seconds < 0.00995 else 1 if seconds < 0.0995 else 0
    text = f"{1000 * seconds:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text} ms"


def pair_texts(outcome: Outcome) -> tuple[str, str]:
    """Measured value and limit; with all digits where the short forms would look the same and are not."""
    limit = outcome.rule.limit
    texts = number_text(outcome.measured, limit.unit), number_text(limit.value, limit.unit)
    if outcome.measured is None or outcome.measured == limit.value or texts[0] != texts[1]:
        return texts
    if limit.unit == BYTES:
        return f"{outcome.measured:,.0f} B", f"{limit.value:,.0f} B"
    if limit.unit == SHARE:
        return f"{100 * outcome.measured:.6g}%", f"{100 * limit.value:.6g}%"
    return f"{1000 * outcome.measured:.6g} ms", f"{1000 * limit.value:.6g} ms"
