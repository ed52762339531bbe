"""What servers say, and what it means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from retrieval.errors import DocumentGone, DocumentUnreadable, SourceRefused, SourceUnreadable


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server said. `url` is where the last redirect led; `headers` ignore case.

    `content` is empty where the media type was not wanted. `is_permanent` tells that every redirect
    on the way was a permanent one.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    content: bytes
    is_permanent: bool = True

    @property
    def media_type(self) -> str:
        """The media type in lower case without its parameters, '' if none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON. Raises SourceUnreadable."""
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise SourceUnreadable(f"{show_url(self.url)} does not answer with JSON.") from error

    def expect_listing(self) -> None:
        """Raise SourceRefused unless the request succeeded: a listing is complete or an error."""
        if self.status < 400:
            return
        raise SourceRefused(f"{show_url(self.url)} {explain_status(self.status)}")

    def expect_document(self) -> None:
        """Raise DocumentGone or DocumentUnreadable unless the request succeeded."""
        if self.status in {404, 410}:
            raise DocumentGone(f"It is gone from {show_url(self.url)} ({self.status}).")
        if self.status >= 400:
            raise DocumentUnreadable(f"{show_url(self.url)} {explain_status(self.status)}")


def read_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, None if it did not say."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked)
    if asked:
        try:
            then = parsedate_to_datetime(asked)
        except ValueError:
            return None
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None


def explain_status(status: int) -> str:
    """What a status that is no success means, as the end of a sentence about the address."""
    match status:
        case 401:
            return "asks for credentials, or refuses those that it got (401)."
        case 403:
            return "refuses access (403). Check the rights of the token."
        case 404 | 410:
            return f"does not exist ({status})."
        case 429:
            return "is asked too often (429)."
        case _ if status >= 500:
            return f"has a fault of its own ({status})."
        case _:
            return f"answers {status}."


def show_url(url: str) -> str:
    """A URL without what may be a secret in it: the user's part and the query."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "The address"
    return f"{parts.scheme}://{parts.netloc.decode('ascii', 'replace')}{parts.path}"
