"""What the start-up page has done on a thread or in a process: it waits for the engine or the disk, or computes."""

from __future__ import annotations

from pathlib import Path

from explorer.coldstart.plan import Plan, Request, plan
from explorer.coldstart.prometheus import push, write_textfile
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import Comparison, compare
from explorer.coldstart.store import Entry, Store
from explorer.errors import InputError
from explorer.report.coldstart_json import coldstart_json
from explorer.storing import write_file
from explorer.task import Task
from explorer.translation import set_language
from explorer.workflow.opening import connect_engine

# What is judged: the app's own time first, then what a user waits for.
JUDGED = ("app", "total")


def plan_runs(task: Task, host: str, request: Request) -> Plan:
    """What will run; InputError, ImageNotFound, EngineError."""
    return plan(connect_engine(task, host), request)


def verdicts(task: Task, sample: Sample) -> tuple[Comparison, ...]:
    """The comparisons of the two images in the metrics of JUDGED that both have."""
    found = []
    for name in JUDGED:
        task.checkpoint()
        compared = compare(sample, name)
        if compared is not None and compared.n_a and compared.n_b:
            found.append(compared)
    return tuple(found)


def history(task: Task) -> list[Entry]:
    """All measurements, the newest first."""
    task.checkpoint()
    return Store().history()


def saved_state(task: Task, seed: int, since: str) -> Sample | None:
    """What a measurement that was stopped has left: the newest one with its seed (32 random bits), begun after `since`."""
    store = Store()
    for entry in store.history():
        task.checkpoint()
        if entry.created < since:
            break
        try:
            sample = store.load(entry.id)
        except InputError:
            continue
        if sample.spec.seed == seed:
            return sample
    return None


def push_gauges(task: Task, sample: Sample, url: str) -> str:
    """Push a measurement to a Pushgateway and return its address; InputError."""
    task.checkpoint()
    push(sample, url)
    return url


def write_json(task: Task, sample: Sample, path: str) -> str:
    """Write a measurement as the command line does, texts in English; for a child process, whose language is its own."""
    task.checkpoint()
    set_language("en")
    write_file(Path(path), coldstart_json(sample))
    return path


def write_gauges(task: Task, sample: Sample, path: str) -> str:
    """Write the gauges for Prometheus; StorageError."""
    task.checkpoint()
    write_textfile(sample, Path(path))
    return path
