"""JSON from a service's API: its pages in turn, and its refusals in words."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from retrieval.errors import DocumentGone, DocumentUnreadable, SourceRefused, SourceUnreadable
from retrieval.model import SourceEntry
from retrieval.sources.http import HttpAnswer, HttpClient

Json = dict[str, Any]
Params = Mapping[str, str | int]
FindNext = Callable[[Any, Mapping[str, str]], str | None]
"""The address of the page after this one, from its JSON and the headers it came with."""

_LONGEST_REASON = 200
_ODD = (KeyError, TypeError, AttributeError)
"""What comes of taking an answer for what it is not."""
_OTHER_FORM = "The service answered in another form than it documents."

Reader = TypeVar("Reader")


class Missing(Exception):
    """The service knows no such thing, or hides it from this token."""


class Forbidden(SourceRefused):
    """The service does not show this to the token."""


def complete(
    list_entries: Callable[[Reader], AsyncIterator[SourceEntry]],
) -> Callable[[Reader], AsyncIterator[SourceEntry]]:
    """A listing that ends as an error where an answer has another form than is documented."""

    @wraps(list_entries)
    async def list_all(reader: Reader) -> AsyncIterator[SourceEntry]:
        try:
            async for entry in list_entries(reader):
                yield entry
        except _ODD as error:
            raise SourceUnreadable(f"{_OTHER_FORM} Nothing was changed.") from error

    return list_all


@contextmanager
def reading_document() -> Iterator[None]:
    """What befalls one document, in errors that leave the source's others alone."""
    try:
        yield
    except _ODD as error:
        raise DocumentUnreadable(_OTHER_FORM) from error
    except Missing as error:
        raise DocumentGone("It was deleted while the sync ran.") from error
    except Forbidden as error:
        raise DocumentUnreadable(str(error)) from error


@dataclass(frozen=True, slots=True)
class Service:
    """A service in words, for those who have to mend what it refuses.

    `url` is where its API lies; `headers` go with every request, the token among them, and to no
    other host. `entry` says where a token is made, `rights` what it must be allowed. `pace` is the
    least time in seconds between two requests.
    """

    name: str
    url: str
    entry: str
    rights: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    pace: float = 0.0


class ServiceClient:
    """Asks one service. What cannot be had is SourceUnreadable, what is not there Missing."""

    def __init__(self, service: Service, http: HttpClient) -> None:
        self._service = service
        self._http = http

    async def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON at a path below the service's address."""
        return (await self.read(path, params)).json()

    async def post(self, path: str, body: Json) -> Any:
        """The JSON that answers a posted body."""
        service = self._service
        answer = await self._http.post(
            self._resolve(path), json=body, headers=service.headers, pace=service.pace
        )
        return self._check(answer).json()

    async def read(self, path: str, params: Params | None = None) -> HttpAnswer:
        """The answer at a path below the service's address."""
        service = self._service
        answer = await self._http.get(
            self._resolve(path), headers=service.headers, params=params, pace=service.pace
        )
        return self._check(answer)

    async def get_pages(self, path: str, params: Params, find_next: FindNext) -> AsyncIterator[Any]:
        """The JSON of a listing page by page."""
        seen: set[str] = set()
        answer = await self.read(path, params)
        while True:
            page = answer.json()
            yield page
            following = find_next(page, answer.headers)
            if not following:
                return
            if following in seen:
                raise SourceUnreadable(
                    f"{self._service.name} lists the same page again and again. Sync again later."
                )
            seen.add(following)
            answer = await self.read(following)

    def _resolve(self, path: str) -> str:
        base = self._service.url
        url = path if path.startswith(("http:", "https:")) else urljoin(f"{base}/", path)
        if urlsplit(url)[:2] != urlsplit(base)[:2]:
            # the token is for the service alone, whatever its pages say
            raise SourceRefused(f"{self._service.name} points to another host: {url}.")
        return url

    def _check(self, answer: HttpAnswer) -> HttpAnswer:
        service, status = self._service, answer.status
        if status < 400:
            return answer
        reason = _read_reason(answer)
        if status in {404, 410}:
            raise Missing(reason)
        if status == 401:
            raise SourceRefused(f"{service.name} does not accept the token. {service.entry}")
        if status == 403:
            raise Forbidden(f"{service.name} refuses to show this{reason}. {service.rights}")
        raise SourceRefused(
            f"{service.name} answers {status}{reason}. Check the source's settings."
        )


def as_list(page: Any) -> list[Json]:
    """A page that is a list. Raises TypeError: an empty object would pass for an empty list."""
    if not isinstance(page, list):
        raise TypeError(f"a {type(page).__name__} is no list")
    return page


def read_moment(text: object) -> datetime | None:
    """A moment in ISO 8601; None where there is none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_reason(answer: HttpAnswer) -> str:
    """The service's own words, as an addition in brackets; '' where it says nothing readable."""
    try:
        body = answer.json()
    except SourceUnreadable:
        return ""
    found = body.get("message") if isinstance(body, dict) else None
    errors = body.get("errors") if isinstance(body, dict) else None
    if not found and isinstance(errors, list) and errors and isinstance(errors[0], dict):
        found = errors[0].get("title") or errors[0].get("message")
    if not isinstance(found, str) or not found.strip():
        return ""
    return f" (“{' '.join(found.split())[:_LONGEST_REASON].rstrip('.')}”)"
