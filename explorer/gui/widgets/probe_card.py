"""What follows from a measurement elsewhere: probe values for a pod to copy, gauges for Prometheus."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from explorer.coldstart.kubernetes import UNKNOWN, pod_yaml, probes
from explorer.coldstart.sample import Sample
from explorer.coldstart.telling import arm_label
from explorer.coldstart.verdict import duration_text
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.translation import tr


class ProbeCard(QWidget):
    """The YAML of the last image, for that is what a pod will run."""

    prometheus_wanted = Signal()
    push_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = PlainLabel()
        self.heading.setWordWrap(True)
        self.yaml = QPlainTextEdit()
        self.yaml.setReadOnly(True)
        self.yaml.setTabChangesFocus(True)
        self.yaml.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.yaml.setAccessibleName(tr("Kubernetes probes as YAML"))
        self.copy = QPushButton(tr("Copy YAML"))
        self.copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.yaml.toPlainText())
        )
        self.textfile = QPushButton(tr("Prometheus text file…"))
        self.textfile.clicked.connect(self.prometheus_wanted)
        self.push = QPushButton(tr("Push to a Pushgateway…"))
        self.push.clicked.connect(self.push_wanted)
        row = QHBoxLayout()
        for button in (self.copy, self.textfile, self.push):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.heading)
        layout.addWidget(self.yaml, 1)
        layout.addLayout(row)

    def show_sample(self, sample: Sample) -> None:
        """Show what follows from a measurement."""
        place = sample.spec.measured[-1] if sample.spec.measured else 0
        ends = sample.spec.arms[place].readiness.kind == "exit"
        found = probes(sample, place) if sample.spec.measured and not ends else None
        self.yaml.setPlainText(pod_yaml(sample, place) if sample.spec.measured else "")
        self.copy.setEnabled(found is not None)
        if ends:
            text = tr(
                "It was measured until it ended: no probe makes sense for a program that ends."
            )
        elif found is None:
            text = tr("No run became ready, so no probe value follows.")
        elif found.action.kind == UNKNOWN:
            text = tr(
                "Readiness was seen in the log, which kubelet does not read: fill in what it should ask. The values are from the slowest start of {arm}, {worst}.",
                arm=arm_label(sample.spec.arms[place]),
                worst=duration_text(found.worst),
            )
        else:
            text = tr(
                "Probe values for {arm}, from its slowest start of {worst}, warm-ups and outliers included. The formula is in the comments.",
                arm=arm_label(sample.spec.arms[place]),
                worst=duration_text(found.worst),
            )
        self.heading.setText(text)
