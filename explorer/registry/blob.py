"""One blob as a stream: taken up again where the connection broke, and proved by its digest at the end."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress

from explorer.errors import DamagedInput, EngineLost, ExplorerError, LimitExceeded
from explorer.image.config import Descriptor
from explorer.registry.client import Repository
from explorer.registry.web import Answer, Cut, pause
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text, size_text

# Breaks in a row, with no byte between them.
_TRIES = 4
_PAUSE_SECONDS = 0.2
# Breaks in one blob: a registry that sends a few bytes a connection would never end.
_RESUMES = 200
_SCRATCH = 64 << 10
# No layer comes near; the reader's own caps are below it (filesystem.compression).
BLOB_LIMIT = 64 << 30
_RANGE = re.compile(r"bytes (\d{1,19})-\d*/")


class BlobStream:
    """A blob from byte `start` on (a ByteSource); close() when done.

    Raises DamagedInput when there are more or fewer bytes than the manifest says, EngineLost when the registry cannot be
    reached any more. The digest can only be proved of a whole blob: see finish().
    """

    def __init__(
        self, repository: Repository, task: Task, item: Descriptor, start: int = 0
    ) -> None:
        if item.size > BLOB_LIMIT:
            raise LimitExceeded(
                tr("The layer has {size}; at most {limit} are read.", size=size_text(item.size), limit=size_text(BLOB_LIMIT)),
                tr("Do not trust this image."),
            )  # fmt: skip
        self._repository, self._task, self._item = repository, task, item
        self._whole = start == 0
        self._hash = hashlib.new(item.digest.partition(":")[0])
        self._place = start
        self._resumes = 0
        self._answer: Answer | None = None
        try:
            self._answer = self._open()
        except Cut as error:
            raise self._lost(str(error)) from error

    def readinto(self, buffer: memoryview, /) -> int:
        """See ByteSource."""
        if not len(buffer):
            return 0
        for attempt in range(_TRIES):
            self._task.checkpoint()
            try:
                count = self._read(buffer)
            except Cut as error:
                self._task.checkpoint()
                self._resumes += 1
                if attempt == _TRIES - 1 or self._resumes > _RESUMES:
                    raise self._lost(str(error)) from error
                self.close()
                pause(self._task, _PAUSE_SECONDS * 2**attempt)
                self._reopen(last=attempt == _TRIES - 2)
                continue
            if self._whole:
                self._hash.update(buffer[:count])
            self._place += count
            return count
        raise AssertionError

    def finish(self) -> str:
        """Read what is left; "" when the digest is the one that was asked for, else what is wrong."""
        scratch = memoryview(bytearray(_SCRATCH))
        while self.readinto(scratch):
            pass
        found = self._hash.hexdigest()
        wanted = self._item.digest.partition(":")[2]
        if not self._whole or found == wanted:
            return ""
        return tr(
            "wrong digest: the registry sent {found}, the manifest names {wanted}",
            found=found[:12],
            wanted=wanted[:12],
        )

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _read(self, buffer: memoryview) -> int:
        if self._answer is None:
            raise Cut(tr("the connection was closed"))
        size = self._item.size
        if 0 <= size <= self._place:
            # What follows is not the blob's: one more byte proves that there is something.
            with suppress(Cut):
                if self._answer.readinto(memoryview(bytearray(1))):
                    raise self._wrong_length(self._place + 1)
            return 0
        count = self._answer.readinto(buffer[: size - self._place] if size >= 0 else buffer)
        if count == 0 and self._place < size:
            raise Cut(tr("the connection was closed"))
        if self._place + count > BLOB_LIMIT:
            raise LimitExceeded(tr("The layer has more than {limit}.", limit=size_text(BLOB_LIMIT)))
        return count

    def _open(self) -> Answer:
        answer = self._repository.blob(self._task, self._item.digest, self._place)
        try:
            self._check_place(answer)
        except BaseException:
            answer.close()
            raise
        return answer

    def _reopen(self, *, last: bool) -> None:
        try:
            self._answer = self._open()
        except ExplorerError as error:
            if last or isinstance(error, DamagedInput):
                raise self._lost(error.message) from error
        except Cut as error:
            if last:
                raise self._lost(str(error)) from error

    def _check_place(self, answer: Answer) -> None:
        """Whether the answer begins where we are and promises what the manifest says."""
        begin = 0
        if answer.status == 206:
            found = _RANGE.match(answer.headers.get("Content-Range", ""))
            begin = int(found[1]) if found else -1
            if begin != self._place:
                raise DamagedInput(tr("The registry sends another part than it was asked for."))
        if answer.length >= 0 and 0 <= self._item.size != begin + answer.length:
            raise self._wrong_length(begin + answer.length)
        scratch = memoryview(bytearray(_SCRATCH))
        left = self._place - begin
        while left:  # a registry that knows no ranges sends all of it again
            self._task.checkpoint()
            count = answer.readinto(scratch[: min(left, _SCRATCH)])
            if not count:
                raise Cut(tr("the connection was closed"))
            left -= count

    def _wrong_length(self, found: int) -> DamagedInput:
        return DamagedInput(
            tr(
                "The registry sends {found} bytes or more where the manifest says {size}.",
                found=found,
                size=self._item.size,
            ),
            tr("The registry's storage is damaged. Push the image again."),
            self._place,
        )

    def _lost(self, reason: str) -> EngineLost:
        return EngineLost(
            tr(
                "The connection to {host} was lost after {size} of a layer: {reason}.",
                host=display_text(self._repository.name.host, 120),
                size=size_text(self._place),
                reason=reason.rstrip("."),
            ),
            tr("Open the image again: layers that were read whole are not fetched again."),
        )
