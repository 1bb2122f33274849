"""The questions to one repository of a registry: manifests, blobs, tags; with the login that it asks for.

Source: opencontainers/distribution-spec spec.md, distribution/distribution docs/spec/auth (token.md, oauth.md).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote, urlencode, urljoin, urlsplit

from explorer.errors import DamagedInput, ImageNotFound, LimitExceeded, NotAnImage, RegistryError
from explorer.image.config import (
    INDEX_TYPES,
    JSON_LIMIT,
    MANIFEST_TYPES,
    Descriptor,
    check_digest,
    digest_of,
)
from explorer.registry.challenge import Challenge, parse_challenges, parse_token
from explorer.registry.credentials import Login, find_login
from explorer.registry.naming import Name, is_loopback
from explorer.registry.web import Answer, Cut, PlainServer, Web, pause
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

_REDIRECTS = 5
_TRIES = 3
_PAUSE_SECONDS = 0.3
_ERROR_LIMIT = 64 << 10
_TAGS_ASKED = 1000
# A token is not used in its last seconds: the question takes some time itself.
_TOKEN_SPARE_SECONDS = 10.0
_OLD_TYPES = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)
_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_GONE = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Document:
    """A manifest or index as the registry keeps it."""

    data: bytes
    media_type: str
    digest: str


class Repository:
    """One repository; may be asked by several threads."""

    def __init__(self, name: Name) -> None:
        self.name = name
        self.note = ""
        self.web = Web()
        self._lock = threading.RLock()
        self._base = ""
        self._login: Login | None = None
        self._authorization = ""
        self._good_until = 0.0

    def close(self) -> None:
        self.web.close()

    def manifest(self, task: Task, version: str) -> Document:
        """The manifest or index of a tag or digest, proved by its digest; ImageNotFound when there is none."""
        answer = self._ask(task, f"manifests/{quote(version, safe=':')}", {"Accept": _ACCEPT})
        try:
            data = self._whole(answer)
        finally:
            answer.close()
        if answer.status == 404:
            raise self._no_image(task, version)
        if answer.status != 200:
            raise self._refused(answer, data)
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        if media_type in _OLD_TYPES:
            raise NotAnImage(
                tr("{name} is kept in a format of 2016 (schema 1), which is not read.", name=self._shown),
                tr("Pull it with docker and push it again; that writes the present format."),
            )  # fmt: skip
        wanted = version if ":" in version else answer.headers.get("Docker-Content-Digest", "")
        digest = _checked(data, wanted, self._shown)
        return Document(data, media_type, digest)

    def document(self, task: Task, item: Descriptor) -> bytes:
        """A small blob (a config), proved by its digest."""
        answer = self.blob(task, item.digest)
        try:
            data = self._whole(answer)
        finally:
            answer.close()
        _checked(data, item.digest, self._shown)
        return data

    def blob(self, task: Task, digest: str, start: int = 0) -> Answer:
        """A blob's bytes from `start` on (status 200 or 206); ImageNotFound when the registry lacks it."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        answer = self._ask(task, f"blobs/{check_digest(digest)}", headers)
        if answer.status in (200, 206):
            return answer
        data = _what_came(answer, _ERROR_LIMIT)
        if answer.status == 404:
            raise ImageNotFound(
                tr("{name}: the registry lacks the blob {digest}.", name=self._shown, digest=digest[:19]),
                tr("The image was pushed in part, or was removed meanwhile. Push it again."),
            )  # fmt: skip
        raise self._refused(answer, data)

    @property
    def _shown(self) -> str:
        return display_text(str(self.name), 160)

    def _whole(self, answer: Answer) -> bytes:
        """A small answer; more than any manifest has is refused."""
        try:
            data = answer.read(JSON_LIMIT + 1)
        except Cut as error:
            raise RegistryError(
                tr("The registry {host} broke off: {reason}.", host=self.name.host, reason=error),
                tr("Try again."),
            ) from error
        if len(data) > JSON_LIMIT:
            raise LimitExceeded(
                tr("{name}: its manifest or config is over {limit} bytes.", name=self._shown, limit=JSON_LIMIT),
                tr("No image tool writes such a file; do not trust this image."),
            )  # fmt: skip
        return data

    # ---- asking

    def _ask(self, task: Task, path: str, headers: Mapping[str, str]) -> Answer:
        """The answer to GET, redirects followed and logged in where that is asked for; tried again where that may help."""
        for attempt in range(_TRIES):
            answer = self._logged_in(task, f"/v2/{self.name.repository}/{path}", headers)
            wait = _retry_after(answer) if answer.status in _GONE else -1.0
            if wait < 0 or wait > 2 or attempt == _TRIES - 1:
                return answer
            answer.close()
            pause(task, wait or _PAUSE_SECONDS * 2**attempt)
        raise AssertionError

    def _logged_in(self, task: Task, path: str, headers: Mapping[str, str]) -> Answer:
        used = self._current()
        url = self._address(task) + path
        answer = self._follow(task, url, headers, used)
        if answer.status != 401:
            return answer
        challenges = parse_challenges(answer.headers.get("WWW-Authenticate", ""))
        answer.close()
        with self._lock:
            # Another thread may have logged in meanwhile.
            if self._authorization == used:
                self._authorization = self._authorize(task, challenges)
            now = self._authorization
        return self._follow(task, url, headers, now)

    def _current(self) -> str:
        with self._lock:
            stale = self._good_until and time.monotonic() > self._good_until
            return "" if stale else self._authorization

    def _address(self, task: Task) -> str:
        """Scheme and host; only a registry on this machine may be asked without TLS."""
        with self._lock:
            if not self._base:
                plain = f"http://{self.name.server}"
                open_here = is_loopback(self.name.server) and self._speaks_plainly(task, plain)
                self._base = plain if open_here else f"https://{self.name.server}"
            return self._base

    def _speaks_plainly(self, task: Task, url: str) -> bool:
        """Whether a server answers without TLS; one with TLS answers 400 or breaks off."""
        try:
            answer = self.web.ask(task, f"{url}/v2/", {})
        except RegistryError:
            return False
        answer.close()
        return answer.status != 400

    def _follow(
        self, task: Task, url: str, headers: Mapping[str, str], authorization: str
    ) -> Answer:
        first = urlsplit(url)
        for _ in range(_REDIRECTS):
            parts = urlsplit(url)
            # A login belongs to one host: storage behind a redirect must not see it.
            own = (parts.scheme, parts.netloc) == (first.scheme, first.netloc)
            extra = {"Authorization": authorization} if own and authorization else {}
            answer = self._asked(task, url, {**headers, **extra})
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            answer.close()
            url = self._target(url, answer.headers.get("Location", ""))
        raise RegistryError(
            tr("The registry {host} redirects without end.", host=self.name.host)
        )  # fmt: skip

    def _asked(self, task: Task, url: str, headers: Mapping[str, str]) -> Answer:
        try:
            return self.web.ask(task, url, headers)
        except PlainServer:
            raise RegistryError(
                tr("The registry {host} does not speak TLS.", host=display_text(self.name.host, 120)),
                tr("Only registries on this machine are asked without encryption. Pull the image and name it without docker://, or give the registry a certificate."),
            ) from None  # fmt: skip

    def _target(self, url: str, location: str) -> str:
        """Where a redirect leads; never from an encrypted to an open connection, except on this machine."""
        try:
            target = urljoin(url, location)
        except ValueError:
            target = location
        if _is_safe(target, plain=url.startswith("http:"), near=is_loopback(self.name.server)):
            return target
        raise RegistryError(
            tr(
                "The registry {host} redirects to {target}, which is not safe to contact.",
                host=display_text(self.name.host, 120),
                target=display_text(target, 120),
            )
        )

    # ---- logging in

    def _authorize(self, task: Task, challenges: list[Challenge]) -> str:
        """The Authorization header for what the registry asks; RegistryError when there is no login for it."""
        if self._login is None:
            self._login, self.note = find_login(
                task, self.name.login, repository=self.name.repository
            )
        by_scheme = {item.scheme: item for item in reversed(challenges)}
        if "bearer" in by_scheme:
            return self._bearer(task, by_scheme["bearer"])
        if "basic" in by_scheme and self._login.user:
            self._good_until = 0.0
            return self._login.basic
        raise self._denied()

    def _bearer(self, task: Task, challenge: Challenge) -> str:
        assert self._login is not None
        if self._login.bearer_token:
            return f"Bearer {self._login.bearer_token}"
        realm = challenge.parameters.get("realm", "")
        if not _is_safe(realm, near=is_loopback(self.name.server)):
            raise RegistryError(
                tr(
                    "The registry {host} wants logins sent to {realm}, which is not encrypted.",
                    host=display_text(self.name.host, 120),
                    realm=display_text(realm, 120) or '""',
                )
            )
        answer = self._token_answer(task, realm, challenge.parameters.get("service", ""))
        data = _what_came(answer, JSON_LIMIT)
        if answer.status in (400, 401, 403):
            raise self._denied()
        if answer.status != 200:
            raise self._refused(answer, data)
        token, seconds = parse_token(data)
        if not token:
            raise RegistryError(
                tr("The answer of {realm} holds no token.", realm=display_text(realm, 120))
            )
        self._good_until = time.monotonic() + max(seconds - _TOKEN_SPARE_SECONDS, 1.0)
        return f"Bearer {token}"

    def _token_answer(self, task: Task, realm: str, service: str) -> Answer:
        assert self._login is not None
        fields = {"service": service, "scope": f"repository:{self.name.repository}:pull"}
        if self._login.identity_token:
            form = {
                **fields,
                "grant_type": "refresh_token",
                "client_id": "image-explorer",
                "refresh_token": self._login.identity_token,
            }
            return self.web.ask(task, realm, {}, form)
        headers = {"Authorization": self._login.basic} if self._login.user else {}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(fields)}"
        return self.web.ask(task, url, headers)

    # ---- what is said when it does not go

    def _denied(self) -> RegistryError:
        host, login = display_text(self.name.host, 120), self._login
        command = "docker login" if self.name.host == "docker.io" else f"docker login {host}"
        if login is not None and login.user:
            return RegistryError(
                tr(
                    "The registry {host} refuses {user} access to {name}.",
                    host=host,
                    user=display_text(login.user, 80),
                    name=display_text(self.name.repository, 120),
                ),
                tr("Check the name, or log in again: {command}", command=command),
            )
        return RegistryError(
            tr(
                "The registry {host} refuses access to {name}: it needs a login, or there is no such image.",
                host=host,
                name=display_text(self.name.repository, 120),
            ),
            self.note or tr("Check the name, or log in: {command}", command=command),
        )

    def _refused(self, answer: Answer, data: bytes) -> RegistryError:
        host = display_text(self.name.host, 120)
        if answer.status in (401, 403):
            return self._denied()
        if answer.status == 429:
            wait = _retry_after(answer)
            return RegistryError(
                tr("The registry {host} received too many requests (status 429).", host=host),
                tr("Try again in {seconds} s.", seconds=f"{wait:g}")
                if wait > 0
                else tr("Wait, or log in: many registries allow more to users who are logged in."),
            )
        text = display_text(_error_text(data), 300) or tr("status {status}", status=answer.status)
        return RegistryError(
            tr("The registry {host} answered: {text}", host=host, text=text),
            tr("The registry's log says more.") if answer.status >= 500 else "",
        )

    def _no_image(self, task: Task, version: str) -> ImageNotFound:
        """An unknown tag or name; tags that come near are named."""
        tags = self._tags(task)
        if tags is None:
            return ImageNotFound(
                tr(
                    "The registry {host} has no repository {name}.",
                    host=display_text(self.name.host, 120),
                    name=display_text(self.name.repository, 120),
                ),
                tr("Check the name. In front of it stands the registry, as in {example}.", example="docker://ghcr.io/team/app:1"),
            )  # fmt: skip
        near = get_close_matches(version, tags, n=5, cutoff=0.4) or tags[-5:]
        return ImageNotFound(
            tr(
                "The registry {host} has no {version} of {name}.",
                host=display_text(self.name.host, 120),
                version=display_text(version, 80),
                name=display_text(self.name.repository, 120),
            ),
            tr("It has: {names}", names=", ".join(display_text(tag, 80) for tag in near))
            if near
            else "",
        )

    def _tags(self, task: Task) -> list[str] | None:
        """The repository's tags, None when there is no such repository."""
        answer = self._ask(task, f"tags/list?n={_TAGS_ASKED}", {})
        data = _what_came(answer, JSON_LIMIT)
        if answer.status == 404:
            return None
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return []
        tags = found.get("tags") if isinstance(found, dict) else None
        return [str(tag) for tag in tags][:_TAGS_ASKED] if isinstance(tags, list) else []


def _what_came(answer: Answer, limit: int) -> bytes:
    """An answer's first bytes, none when it breaks off; closes it."""
    try:
        return answer.read(limit)
    except Cut:
        return b""
    finally:
        answer.close()


def _is_safe(url: str, *, near: bool, plain: bool = False) -> bool:
    """Whether what is sent there stays between us and its host: encrypted, or on this machine; `plain`: or anywhere.

    Only a registry on this machine (`near`) may send us to an open server on it: another one means to use us as its way in.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or parts.username is not None:
        return False
    if is_loopback(parts.netloc):
        plain = near
    return parts.scheme == "https" or (parts.scheme == "http" and plain)


def _retry_after(answer: Answer) -> float:
    """Seconds to wait as the answer says, 0 when it says nothing."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and len(text) < 7 else 0.0


def _checked(data: bytes, digest: str, name: str) -> str:
    """The digest of some bytes, which is the one that was asked for where one was."""
    wanted = check_digest(digest) if digest else ""
    found = digest_of(data, wanted.partition(":")[0] or "sha256")
    if wanted and found != wanted:
        raise DamagedInput(
            tr(
                "{name}: wrong digest ({found} instead of {wanted}).",
                name=name,
                found=found[:19],
                wanted=wanted[:19],
            ),
            tr("The registry's storage is damaged, or something on the way changes answers."),
        )
    return found


def _error_text(data: bytes) -> str:
    """The registry's own words (distribution-spec, error codes); untrusted."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return data[:300].decode(errors="replace").strip()
    errors = found.get("errors") if isinstance(found, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    return str(first.get("message") or first.get("code") or "")
