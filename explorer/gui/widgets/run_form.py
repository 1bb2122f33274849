"""What is to be measured: one image or before and after, when it is ready, how often and under which conditions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.coldstart.spec import CAREFUL, DEADLINE, NORMAL, QUICK, Spec
from explorer.errors import InputError
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.image.reference import parse_reference
from explorer.translation import mark, tr
from explorer.units import display_text

if TYPE_CHECKING:
    # The engine's modules load only when an engine is asked.
    from explorer.coldstart.plan import Request

# kind: (what the list says, what the field beside it shows while it is empty, "" for no field)
_READY = {
    "": (mark("as the image suggests"), ""),
    "http": (mark("HTTP answers"), mark("/healthz or 8080/healthz")),
    "tcp": (mark("port accepts"), mark("8080")),
    "log": (mark("log line matches"), mark("regular expression")),
    "exit": (mark("program ends with 0"), ""),
}
_RUNS = (
    (QUICK, mark("quick: {n} runs")),
    (NORMAL, mark("usual: {n} runs")),
    (CAREFUL, mark("careful: {n} runs")),
)
_NETWORKS = ("bridge", "none")
_COMMAND_LIMIT = 200


@dataclass(frozen=True)
class Offer:
    """An open image that can be chosen: its name in the engine and the command it runs, "" while that is not known."""

    reference: str
    command: str = ""


class RunForm(QWidget):
    """request() is what the user asks for; `measure_wanted` when they press the button."""

    measure_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offers: tuple[Offer, ...] = ()
        self._typed = self._off = False
        self.image = _names(tr("Image"), tr("name of an image"))
        self.other = _names(tr("Compare with"), tr("nothing: one image alone"))
        self.ready = QComboBox()
        self.ready_text = QLineEdit()
        self.runs = QComboBox()
        self.command = QLineEdit()
        self.env = QLineEdit()
        self.trial = QLineEdit()
        self.network = QComboBox()
        self.cpus = QDoubleSpinBox()
        self.deadline = QDoubleSpinBox()
        self.cold = QCheckBox(tr("Cold page cache"))
        self.precision = QCheckBox(tr("Precision: network made before"))
        self.floor = QCheckBox(tr("Measure the engine's floor too"))
        self.closer = QCheckBox(tr("Look closer: package init, log"))
        self.remote = QCheckBox(tr("Measure on another machine's engine"))
        self.more = QToolButton()
        self.more.setText(tr("More options"))
        self.more.setCheckable(True)
        self.more.setAutoRaise(True)
        self.button = QPushButton(tr("Measure"))
        self._fill()
        self._lay_out()
        self.image.editTextChanged.connect(self._image_changed)
        _field(self.image).textEdited.connect(self._take_over)
        self.image.activated.connect(self._take_over)
        self.ready.currentIndexChanged.connect(self._ready_changed)
        self.other.editTextChanged.connect(self._other_changed)
        self.button.clicked.connect(self.measure_wanted)
        self._ready_changed()
        self._image_changed()

    def _fill(self) -> None:
        for kind, (text, _) in _READY.items():
            self.ready.addItem(tr(text), kind)
        for number, text in _RUNS:
            self.runs.addItem(tr(text, n=number), number)
        self.runs.setCurrentIndex(1)
        self.command.setPlaceholderText(tr("the image's own"))
        self.env.setPlaceholderText("GIN_MODE=release")
        self.trial.setPlaceholderText("GOGC=20")
        for box, value, least, most, unit in (
            (self.cpus, 0.0, 0.0, 256.0, ""),
            (self.deadline, DEADLINE, 0.1, 3600.0, tr(" s")),
        ):
            box.setDecimals(1)
            box.setRange(least, most)
            box.setValue(value)
            box.setSuffix(unit)
        self.network.setEditable(True)
        self.network.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.network.addItems(_NETWORKS)
        _field(self.network).setAccessibleName(tr("Network"))
        self.cpus.setSpecialValueText(tr("all"))
        self.cpus.setSingleStep(0.5)
        self.floor.setChecked(True)
        self.remote.hide()
        for widget, name, hint in (
            (self.ready, tr("Ready when"), tr("HTTP: a GET answers 200 to 399. Port: the container's own port accepts, never a published one. As the image suggests: the URL of its HEALTHCHECK, else the first port it exposes, else its end.")),
            (self.ready_text, tr("Path, port or pattern"), ""),
            (self.runs, tr("Runs"), tr("Counted runs of each image, after two warm-ups that are discarded. 20 see twice the difference that 40 see.")),
            (self.command, tr("Command"), tr("Instead of the image's CMD; its ENTRYPOINT stays.")),
            (self.env, tr("Variables"), tr("NAME=VALUE for all containers, separated by spaces.")),
            (self.trial, tr("Try out"), tr("NAME=VALUE: the image as it is against itself with these variables.")),
            (self.network, tr("Network"), tr("The engine's network to start in: bridge, none or a name. Without one no port can be asked.")),
            (self.cpus, tr("Processors"), tr("What a container may use; choose the pod's limit.")),
            (self.deadline, tr("Deadline"), tr("How long a container may take to get ready.")),
            (self.cold, "", tr("Moves the image's files out of the page cache before each run and counts what is left. It does not make the machine cold.")),
            (self.precision, "", tr("Starts in a network that exists already, as a pod does: less than half of the noise.")),
            (self.floor, "", tr("An image that exits at once shows what the engine takes by itself.")),
            (self.closer, "", tr("Two more starts of each image, apart from the sample: what each Go package costs before main, and how the log is kept.")),
            (self.remote, "", tr("Times include the network's and are all by this machine's clock.")),
        ):  # fmt: skip
            if name:
                widget.setAccessibleName(name)
            widget.setToolTip(tooltip_text(hint))

    def _lay_out(self) -> None:
        box = QGroupBox(tr("Measure start-up"))
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self._form = form
        self._rare: tuple[QWidget, ...] = (
            self.command, self.env, self.trial, self.network, self.cpus, self.deadline,
            self.cold, self.precision, self.floor,
        )  # fmt: skip
        row = QHBoxLayout()
        row.addWidget(self.more)
        row.addStretch(1)
        row.addWidget(self.button)
        always: tuple[QWidget, ...] = (
            self.image, self.other, self.ready, self.ready_text, self.runs,
        )  # fmt: skip
        for widget in always:
            form.addRow(_caption(widget), widget)
        for check in (self.closer, self.remote):
            form.addRow(check)
        for widget in self._rare:
            if isinstance(widget, QCheckBox):
                form.addRow(widget)
            else:
                form.addRow(_caption(widget), widget)
        form.addRow(row)
        self.more.toggled.connect(self._show_more)
        self._show_more(shown=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(box)

    def _show_more(self, shown: bool) -> None:  # noqa: FBT001  # Qt's signal sends it so
        for widget in self._rare:
            self._form.setRowVisible(widget, shown)

    def offer(self, offers: Sequence[Offer], front: str) -> None:
        """The open images of the engine; the one in front is chosen unless the user chose another."""
        self._offers = tuple(offers)
        names = [item.reference for item in offers]
        for combo in (self.image, self.other):
            text = combo.currentText()
            combo.blockSignals(True)
            combo.clear()
            combo.addItems(names)
            combo.setEditText(text)
            combo.blockSignals(False)
        if front and not self._typed:
            self.image.setEditText(front)
        self._image_changed()

    def allow_remote(self, *, asked: bool) -> None:
        """Whether the engine is on another machine, so that the user must agree to measure there."""
        self.remote.setVisible(asked)

    def choose(self, first: str, second: str = "") -> None:
        """Fill in one image, or before and after."""
        self.image.setEditText(first)
        self.other.setEditText(second)
        self._typed = True

    def fill(self, spec: Spec) -> None:
        """Ask for what a measurement was made of, to repeat it."""
        from explorer.coldstart.plan import SHARED

        arms = [spec.arms[place] for place in spec.measured]
        if not arms:
            return
        first, last = arms[0], arms[-1]
        trial = len(arms) == 2 and first.reference == last.reference
        self.choose(first.reference, last.reference if len(arms) == 2 and not trial else "")
        shared = [item for item in first.env if item in last.env]
        self.env.setText(shlex.join(shared))
        self.trial.setText(shlex.join(i for i in last.env if i not in shared) if trial else "")
        self.command.setText(shlex.join(first.command))
        same = first.readiness == last.readiness and first.readiness.source == "user"
        kind, _, text = str(first.readiness).partition(":")
        self.ready.setCurrentIndex(self.ready.findData(kind if same else ""))
        self.ready_text.setText(text if same else "")
        if self.runs.findData(spec.runs) < 0:
            self.runs.addItem(tr("{n} runs", n=spec.runs), spec.runs)
        self.runs.setCurrentIndex(self.runs.findData(spec.runs))
        self.precision.setChecked(spec.network == SHARED)
        self.network.setEditText(_NETWORKS[0] if spec.network == SHARED else spec.network)
        self.cpus.setValue(spec.cpus)
        self.deadline.setValue(spec.deadline)
        self.cold.setChecked(spec.cold_cache)
        self.floor.setChecked(any(arm.kind == "floor" for arm in spec.arms))

    def request(self) -> Request:
        """What is asked for; InputError says which field is wrong."""
        from explorer.coldstart.plan import Request

        if not self.remote.isHidden() and not self.remote.isChecked():
            raise InputError(
                tr("The engine is on another machine, so times would include the network's."),
                tr("Measure there, or tick “{box}”.", box=self.remote.text()),
            )
        references = [_engine_name(self.image.currentText())]
        if self.other.currentText().strip():
            references.append(_engine_name(self.other.currentText()))
        return Request(
            references=tuple(references),
            ready=self._ready(),
            runs=int(self.runs.currentData()),
            network=self.network.currentText().strip() or _NETWORKS[0],
            precision=self.precision.isChecked(),
            cold_cache=self.cold.isChecked(),
            floor=self.floor.isChecked(),
            env=_words(self.env),
            trial_env=_words(self.trial) if self.trial.isEnabled() else (),
            command=_words(self.command),
            deadline=self.deadline.value(),
            cpus=self.cpus.value(),
            window=True,
            allow_remote=not self.remote.isHidden(),
            closer=self.closer.isChecked(),
        )

    def _ready(self) -> str:
        kind = str(self.ready.currentData())
        text = self.ready_text.text().strip()
        return f"{kind}:{text}" if text and _READY[kind][1] else kind

    def _ready_changed(self) -> None:
        example = _READY[str(self.ready.currentData())][1]
        self.ready_text.setPlaceholderText(tr(example))
        self._form.setRowVisible(self.ready_text, bool(example))

    def _other_changed(self, text: str) -> None:
        self.trial.setEnabled(not text.strip())

    def _image_changed(self) -> None:
        name = self.image.currentText().strip()
        known = next((item.command for item in self._offers if item.reference == name), "")
        text = display_text(known, _COMMAND_LIMIT) if known else tr("the image's own")
        self.command.setPlaceholderText(text)
        self.button.setEnabled(bool(name) and not self._off)

    def set_busy(self, *, busy: bool) -> None:
        """While something is measured nothing else can be."""
        self._off = busy
        self._image_changed()

    def _take_over(self) -> None:
        self._typed = bool(self.image.currentText().strip())


def _caption(widget: QWidget) -> PlainLabel:
    caption = PlainLabel(widget.accessibleName())
    caption.setBuddy(widget)
    return caption


def _names(name: str, hint: str) -> QComboBox:
    """A list of images in which any other name can be typed."""
    combo = QComboBox()
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    combo.setAccessibleName(name)
    field = _field(combo)
    field.setPlaceholderText(hint)
    field.setAccessibleName(name)
    return combo


def _field(combo: QComboBox) -> QLineEdit:
    """The text field of a list in which names can be typed."""
    field = combo.lineEdit()
    assert field is not None
    return field


def _engine_name(text: str) -> str:
    """The engine's name of an image; archives cannot be started."""
    reference = parse_reference(text.strip())
    if reference.transport != "docker-daemon":
        raise InputError(
            tr("{name} is not an image of an engine.", name=display_text(text, 120)),
            tr("Load it first: docker load -i FILE."),
        )
    return reference.name


def _words(field: QLineEdit) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(field.text()))
    except ValueError as error:
        raise InputError(
            tr("{field} cannot be read: {reason}.", field=field.accessibleName(), reason=error),
            tr("Check its quotes."),
        ) from error
