"""Records of trials from ClinicalTrials.gov's API, version 2, as its JSON, one a line.

In: a trial's number, or a search. Out: the registry's own record, as bytes that `protoparse.sources` reads.

    with Registry() as registry:
        line = registry.record("NCT01234567")

A registry is asked slowly, again after a pause where it is busy or breaks off, and not at all for what is in the cache.
Nothing is asked when this is imported; httpx is wanted when a `Registry` is made (extra `fetch`).
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from urllib.parse import urljoin, urlsplit

import msgspec

from protoparse.errors import FetchError

if TYPE_CHECKING:
    import httpx

BASE_URL: Final = "https://clinicaltrials.gov/api/v2"
PER_MINUTE: Final = 50
"""So many requests a minute are asked for by custom: the registry publishes no limit of its own."""
LARGEST: Final = 64 * 1024 * 1024
"""An answer of more bytes than this is not read to its end."""
LONGEST_WAIT: Final = 120.0
"""A registry that wants a longer pause than so many seconds is told of instead."""
_PAGE: Final = 100
_REDIRECTS: Final = 3
_NUMBER = re.compile(r"NCT\d{8}")
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


def number_of(written: str) -> str | None:
    """A trial's number in its one spelling; None for what is none.

    >>> number_of(" nct01234567 "), number_of("NCT123")
    ('NCT01234567', None)
    """
    number = written.strip().upper()
    return number if _NUMBER.fullmatch(number) and number.isascii() else None


def cache_folder() -> Path:
    """Where records are kept unless a user says otherwise: below the folder that the platform has for such things."""
    home = os.environ.get("XDG_CACHE_HOME") or ""
    if os.name == "nt" and not home:
        home = os.environ.get("LOCALAPPDATA") or ""
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "protoparse" / "registry"


class Record(NamedTuple):
    """A trial's number, and its record as one line of JSON."""

    number: str
    line: bytes


class Registry:
    """ClinicalTrials.gov, or a mirror of its API at `base_url`.

    `cache`: a folder in which records are kept, None for none; one that is younger than `max_age` seconds is not asked
    for again. `per_minute`: how many requests are made at most; `timeout`: for how many seconds nothing may come, and
    in ten times as many an answer must be whole; `tries`: how often a request is made before it fails. Raises
    `FetchError` where httpx is missing, or the address is none.
    """

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        cache: Path | None = None,
        max_age: float = 86_400,
        per_minute: float = PER_MINUTE,
        timeout: float = 30,
        tries: int = 5,
        largest: int = LARGEST,
    ) -> None:
        try:
            import httpx
        except ImportError:
            raise FetchError("fetching needs httpx: pip install 'protoparse[fetch]'") from None
        from protoparse import __version__

        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FetchError(f"{base_url!r} is no address of a registry: it begins with https://")
        self._base = base_url.rstrip("/")
        self._cache = None if cache is None else cache / _folder_of(self._base)
        self._max_age, self._timeout, self._tries, self._largest = max_age, timeout, tries, largest
        self._pause, self._next = 60 / per_minute, 0.0
        self._httpx = httpx
        self._client = httpx.Client(
            headers={
                "User-Agent": f"protoparse/{__version__} (httpx/{httpx.__version__})",
                "Accept": "application/json",
            },
            timeout=timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def record(self, number: str) -> bytes:
        """A trial's record as one line of JSON; raises `FetchError` for no number, and where it cannot be had."""
        known = number_of(number)
        if known is None:
            raise FetchError(f"{number!r} is no number of a trial: NCT and eight digits")
        kept = self._kept(known)
        if kept is not None and 0 <= time.time() - kept.fetched < self._max_age:
            return kept.line
        asked = {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}
        answer = self._get(f"/studies/{known}", {"format": "json"}, asked)
        if answer.status == 404:
            raise FetchError(f"{known}: not in the registry")
        if answer.status == 304 and kept is not None:
            self._keep(known, kept._replace(fetched=time.time()))
            return kept.line
        study = self._decoded(answer)
        if known not in _numbers(study):
            raise FetchError(f"the registry answers with no record of {known}")
        line = msgspec.json.encode(study)
        self._keep(known, _Kept(answer.headers.get("etag", ""), time.time(), line))
        return line

    def search(
        self, *, condition: str | None = None, term: str | None = None, status: tuple[str, ...] = (), limit: int = 100
    ) -> Iterator[Record]:
        """The records that a search finds, as the registry ranks them, `limit` of them at most; raises `FetchError`."""
        query = {"query.cond": condition, "query.term": term, "filter.overallStatus": "|".join(status) or None}
        told = {name: value for name, value in query.items() if value}
        seen: set[str] = set()
        tokens: set[str] = set()
        token: str | None = None
        while len(seen) < limit:
            page = {"format": "json", "pageSize": str(min(_PAGE, limit - len(seen)))}
            found = self._decoded(self._get("/studies", told | page | ({"pageToken": token} if token else {}), {}))
            studies = found.get("studies")
            if not isinstance(studies, list):
                raise FetchError("the registry answers with no list of studies")
            for study in studies:
                number = next(iter(_numbers(study)), None)
                if number is None:
                    raise FetchError("the registry answers with a study that has no number")
                if number not in seen and len(seen) < limit:
                    seen.add(number)
                    line = msgspec.json.encode(study)
                    self._keep(number, _Kept("", time.time(), line))
                    yield Record(number, line)
            token = found.get("nextPageToken")
            if not token:
                return
            if not isinstance(token, str) or token in tokens:
                raise FetchError("the registry answers with the same page again")
            tokens.add(token)

    # ------------------------------------------------------------------ asking

    def _get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> _Answer:
        """An answer of 200, 304 or 404; what a registry is too busy for is asked again after a pause."""
        cause = ""
        for attempt in range(self._tries):
            pause = min(0.5 * 2**attempt, 30) * random.uniform(0.5, 1)
            try:
                answer = self._asked(self._base + path, query, headers)
            except self._httpx.TimeoutException:
                cause = f"no answer within {self._timeout:g} seconds"
            except self._httpx.TransportError as error:
                cause = f"{type(error).__name__}: {error}"
            except self._httpx.HTTPError as error:
                raise FetchError(f"{self._base}{path}: {error}") from None
            else:
                if answer.status in (200, 304, 404):
                    return answer
                if answer.status not in _BUSY:
                    said = " ".join(answer.content[:200].decode("utf-8", "replace").split())
                    raise FetchError(f"the registry refuses with {answer.status}: {said}")
                cause = f"the registry answers with {answer.status}"
                wanted = _wanted_pause(answer.headers.get("retry-after", ""))
                if wanted > LONGEST_WAIT:
                    raise FetchError(f"{cause} and wants a pause of {wanted:g} seconds")
                pause = max(pause, wanted)
            if attempt + 1 < self._tries:
                time.sleep(pause)
        raise FetchError(f"{cause}, {self._tries} times")

    def _asked(self, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> _Answer:
        """One request, and what it is sent on to on the same host."""
        home = urlsplit(url)
        params: Mapping[str, str] | None = query
        for _ in range(_REDIRECTS + 1):
            now = time.monotonic()
            if now < self._next:
                time.sleep(self._next - now)
            self._next = max(now, self._next) + self._pause
            with self._client.stream("GET", url, params=params, headers=dict(headers)) as answer:
                if not answer.has_redirect_location:
                    return _Answer(answer.status_code, answer.headers, self._content(answer))
                there = urljoin(str(answer.url), answer.headers["location"])
            to = urlsplit(there)
            if (to.scheme, to.netloc) != (home.scheme, home.netloc):
                raise FetchError(f"the registry sends to another host, {to.netloc}, which is not followed")
            url, params = there, None
        raise FetchError(f"the registry sends on more than {_REDIRECTS} times")

    def _content(self, answer: httpx.Response) -> bytes:
        last = time.monotonic() + 10 * self._timeout
        content = bytearray()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > self._largest:
                raise FetchError(f"an answer of more than {self._largest} bytes")
            if time.monotonic() > last:
                raise self._httpx.ReadTimeout("too slow")
        return bytes(content)

    def _decoded(self, answer: _Answer) -> dict[str, Any]:
        if answer.status != 200:
            raise FetchError(f"the registry answers with {answer.status}")
        try:
            found = msgspec.json.decode(answer.content)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise FetchError(f"the registry answers with no JSON: {error}") from None
        if not isinstance(found, dict):
            raise FetchError("the registry answers with no JSON object")
        return found

    # ------------------------------------------------------------------ keeping

    def _kept(self, number: str) -> _Kept | None:
        """What is kept of a trial; a file that is broken is none."""
        if self._cache is None:
            return None
        try:
            head, line = (self._cache / f"{number}.json").read_bytes().split(b"\n", 1)
            told = msgspec.json.decode(head, type=_Head)
            if number not in _numbers(msgspec.json.decode(line)):
                return None
        except (OSError, ValueError, UnicodeError, RecursionError):
            return None
        return _Kept(told.etag, told.fetched, line.rstrip(b"\n"))

    def _keep(self, number: str, kept: _Kept) -> None:
        """Keep a record, whole or not at all, whoever else writes it; a cache that cannot be written keeps nothing."""
        if self._cache is None:
            return
        head = msgspec.json.encode(_Head(etag=kept.etag, fetched=kept.fetched))
        draft: str | None = None
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            place, draft = tempfile.mkstemp(dir=self._cache, prefix=f".{number}.", suffix=".tmp")
            with open(place, "wb") as file:
                file.write(head + b"\n" + kept.line + b"\n")
            os.replace(draft, self._cache / f"{number}.json")
        except OSError:
            if draft is not None:
                Path(draft).unlink(missing_ok=True)


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes


class _Kept(NamedTuple):
    """A record as it is kept: its mark of version, when it was last known to be the newest, and itself."""

    etag: str
    fetched: float
    line: bytes


class _Head(msgspec.Struct, frozen=True):
    """The first line of a file of the cache."""

    etag: str
    fetched: float


def _folder_of(base_url: str) -> str:
    """A folder of its own for each registry and mirror."""
    host = re.sub(r"[^\w.-]+", "_", urlsplit(base_url).netloc.rpartition("@")[2])
    return f"{host}-{hashlib.sha256(base_url.encode()).hexdigest()[:8]}"


def _numbers(study: object) -> list[str]:
    """The number of a record, and those that it once had."""
    try:
        module = study["protocolSection"]["identificationModule"]  # type: ignore[index]
        found = [module["nctId"], *module.get("nctIdAliases", [])]
    except (KeyError, TypeError, AttributeError):
        return []
    return found if all(isinstance(x, str) and number_of(x) == x for x in found) else []


def _wanted_pause(told: str) -> float:
    """The seconds of a `Retry-After`, which may be a day and an hour; none for what is neither."""
    try:
        return (
            float(told) if told.isascii() and told.isdigit() else parsedate_to_datetime(told).timestamp() - time.time()
        )
    except (ValueError, TypeError, OverflowError):
        return 0.0
