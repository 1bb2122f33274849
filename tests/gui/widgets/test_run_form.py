"""The form of a measurement: what the fields mean, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from explorer.coldstart.plan import SHARED, Request
from explorer.coldstart.probe import Readiness
from explorer.coldstart.spec import Arm, Spec
from explorer.errors import InputError
from explorer.gui.widgets.run_form import Offer, RunForm
from tests.gui.measurements import HOSTILE, two_images
from tests.gui.reading import unnamed

pytestmark = pytest.mark.gui


@pytest.fixture
def form(qtbot: QtBot) -> RunForm:
    made = RunForm()
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_a_name_alone_asks_for_the_usual(form: RunForm) -> None:
    form.choose("service:after")
    assert form.request() == Request(("service:after",), window=True)


def test_that_every_field_is_asked_for(form: RunForm) -> None:
    form.choose("docker-daemon:service:before", "service:after")
    form.ready.setCurrentIndex(form.ready.findData("http"))
    form.ready_text.setText("/healthz")
    form.runs.setCurrentIndex(2)
    form.command.setText("serve --name 'two words'")
    form.env.setText("A=1 B='x y'")
    form.network.setEditText("none")
    form.cpus.setValue(0.5)
    form.deadline.setValue(10)
    for box in (form.cold, form.precision, form.closer):
        box.setChecked(True)
    form.floor.setChecked(False)
    assert form.request() == Request(
        ("service:before", "service:after"),
        ready="http:/healthz",
        runs=40,
        network="none",
        precision=True,
        cold_cache=True,
        floor=False,
        env=("A=1", "B=x y"),
        command=("serve", "--name", "two words"),
        deadline=10.0,
        cpus=0.5,
        closer=True,
        window=True,
    )


def test_that_variables_are_tried_on_one_image_only(form: RunForm) -> None:
    form.choose("service:after")
    form.trial.setText("GOGC=20 GOMEMLIMIT=64MiB")
    assert form.request().trial_env == ("GOGC=20", "GOMEMLIMIT=64MiB")
    form.other.setEditText("service:before")
    assert not form.trial.isEnabled()
    assert form.request().trial_env == ()


@pytest.mark.parametrize(
    ("kind", "text", "asked"),
    [
        ("", "x", ""),
        ("exit", "", "exit"),
        ("tcp", "", "tcp"),
        ("log", "ready: .*", "log:ready: .*"),
    ],
)
def test_that_readiness_is_written_as_on_the_command_line(
    form: RunForm, kind: str, text: str, asked: str
) -> None:
    form.choose("service")
    form.ready.setCurrentIndex(form.ready.findData(kind))
    form.ready_text.setText(text)
    assert form.request().ready == asked
    assert form.ready_text.isVisibleTo(form) == (kind not in ("", "exit"))


def test_that_an_archive_is_refused_with_the_way_out(form: RunForm) -> None:
    form.choose("docker-archive:/tmp/x.tar")
    with pytest.raises(InputError) as told:
        form.request()
    assert told.value.hint == "Load it first: docker load -i FILE."


def test_that_an_open_quote_is_told_with_its_field(form: RunForm) -> None:
    form.choose("service")
    form.command.setText("say 'hello")
    with pytest.raises(InputError, match="Command cannot be read"):
        form.request()


def test_that_the_image_in_front_is_offered_until_another_is_typed(form: RunForm) -> None:
    offers = (Offer("service:before", "/app --port 80"), Offer("service:after"))
    form.offer(offers, "service:before")
    assert form.image.currentText() == "service:before"
    assert form.command.placeholderText() == "/app --port 80"
    form.offer(offers, "service:after")
    assert form.image.currentText() == "service:after"
    assert form.command.placeholderText() == "the image's own"
    form.choose("other:1")
    form.offer(offers, "service:before")
    assert form.image.currentText() == "other:1"
    assert [form.other.itemText(n) for n in range(form.other.count())] == [
        "service:before",
        "service:after",
    ]


def test_that_nothing_can_be_measured_without_a_name_or_while_something_is(form: RunForm) -> None:
    assert not form.button.isEnabled()
    form.choose("service")
    assert form.button.isEnabled()
    form.set_busy(busy=True)
    assert not form.button.isEnabled()


def test_that_a_remote_engine_must_be_agreed_to(form: RunForm) -> None:
    form.choose("service")
    assert not form.request().allow_remote
    form.allow_remote(asked=True)
    with pytest.raises(InputError, match="on another machine"):
        form.request()
    form.remote.setChecked(True)
    assert form.request().allow_remote


def test_that_every_field_has_a_name(form: RunForm) -> None:
    form.more.click()
    form.ready.setCurrentIndex(1)
    form.allow_remote(asked=True)
    assert unnamed(form) == []


def test_that_a_hostile_command_is_shown_as_text(form: RunForm) -> None:
    form.offer((Offer("x", HOSTILE),), "x")
    assert form.command.placeholderText().isprintable()


def test_that_a_measurement_can_be_asked_for_again(form: RunForm) -> None:
    arm = Arm(
        "A", "service", "sha256:1", ("A=1",), ("serve", "x y"), readiness=Readiness("tcp", 80)
    )
    trial = replace(arm, label="B", env=("A=1", "GOGC=20"))
    spec = Spec((arm, trial), runs=7, network=SHARED, cold_cache=True, deadline=5.0, cpus=2.0)
    form.fill(spec)
    assert form.request() == Request(
        ("service",),
        ready="tcp:80",
        runs=7,
        precision=True,
        cold_cache=True,
        floor=False,
        env=("A=1",),
        trial_env=("GOGC=20",),
        command=("serve", "x y"),
        deadline=5.0,
        cpus=2.0,
        window=True,
    )


def test_that_two_images_with_what_they_suggest_can_be_asked_for_again(form: RunForm) -> None:
    made = two_images()
    suggested = [
        replace(arm, readiness=replace(arm.readiness, source="exposed port"))
        for arm in made.spec.arms
    ]
    form.fill(replace(made.spec, arms=tuple(suggested), runs=20))
    assert form.request() == Request(("service:before", "service:after"), window=True)
