"""The wiki of a repository on GitHub: a Git repository of its own, beside that of the code.

GitHub has no other API for it. https://docs.github.com/communities/documenting-your-project-with-wikis
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

from retrieval.errors import SourceRefused
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.git.connector import GitConnector, GitSettings
from retrieval.sources.git.repository import NotShown
from retrieval.sources.surroundings import Surroundings

WIKI_PREFIX = "wiki/"
"""What the external ids of its pages begin with; the file's path follows."""
_FRAMES = ("_Sidebar.*", "_Header.*", "_Footer.*")
"""What GitHub shows around every page."""


class GitHubWiki:
    """Lists and reads the pages of the wiki of `repository` (`owner/name`)."""

    def __init__(
        self, repository: str, api_url: str, token: str, surroundings: Surroundings
    ) -> None:
        self._repository = repository
        base = f"{find_web_url(api_url)}/{repository}"
        settings = GitSettings(
            url=f"{base}.wiki.git", exclude=_FRAMES, url_base=f"{base}/wiki", token=token
        )
        self._files = GitConnector(settings, surroundings)

    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every page of a known format. Complete, or SourceUnreadable."""
        try:
            async for entry in self._files.list_entries():
                yield replace(entry, external_id=WIKI_PREFIX + entry.external_id)
        except NotShown as error:
            raise SourceRefused(
                f"GitHub shows no wiki of {self._repository}. Write its first page, give the token"
                " read access to the repository's contents, or leave wiki out."
            ) from error

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One page. Raises DocumentGone, DocumentUnreadable, SourceUnreadable."""
        file = replace(entry, external_id=entry.external_id.removeprefix(WIKI_PREFIX))
        return replace(await self._files.fetch(file), entry=entry)


def find_web_url(api_url: str) -> str:
    """Where people see what the API at `api_url` tells of, without a slash at the end.

    The API of an Enterprise Server lies on its own host, every other on a host that begins `api.`.
    """
    parts = urlsplit(api_url)
    own = parts.path.rstrip("/").endswith("/v3")
    return f"{parts.scheme}://{parts.netloc if own else parts.netloc.removeprefix('api.')}"
