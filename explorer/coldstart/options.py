"""What the choices of a measurement are called where the user meets them: flags on the command line, fields in the window."""

from __future__ import annotations

from explorer.translation import mark, tr

# choice: (the flag, the text of its field in the window)
_NAMES = {
    "remote": ("--remote", mark("Measure on another machine's engine")),
    "precision": ("--precision", mark("Precision: network made before")),
    "network": ("--network", mark("Network")),
    "trial": ("--env", mark("Try out")),
    "env": ("--with-env", mark("Variables")),
    "http": ("--ready http:PATH", mark("HTTP answers")),
    "log": ("--ready log:REGEX", mark("log line matches")),
    "exit": ("--ready exit", mark("program ends with 0")),
}


def option(name: str, *, window: bool) -> str:
    """The flag of a choice, or the text of its field in quotation marks."""
    flag, label = _NAMES[name]
    return tr("“{text}”", text=tr(label)) if window else flag


def option_label(name: str) -> str:
    """The text of a choice's field in the window."""
    return tr(_NAMES[name][1])
