"""Files that people attach, from where the platforms keep them and from nowhere else."""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from bot.model import Attachment, Place
from bot.platforms.slack_account import SlackAccounts
from retrieval.errors import DocumentUnreadable, SourceRefused
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http import HttpClient, HttpLimits, open_http_client

SLACK_HOSTS = frozenset({"files.slack.com"})
DISCORD_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_PUBLIC = frozenset({"slack.com", "discord.com"})


@asynccontextmanager
async def open_download_client(
    private_hosts: Set[str], api_urls: Sequence[str], *, most: int
) -> AsyncIterator[HttpClient]:
    """A client that takes up to `most` bytes and is quick to give up, since people wait.

    Where the API of a platform was set to lie at a private address, its files may, too.
    """
    own = {host for url in api_urls if (host := urlsplit(url).hostname) and host not in _PUBLIC}
    limits = HttpLimits(size=most, seconds=30, attempts=2, patience_seconds=5, redirects=1)
    policy = AddressPolicy.parse(frozenset({*private_hosts, *own}))
    async with open_http_client(policy, limits=limits) as client:
        yield client


class SlackFiles:
    """Satisfies bot.ports.FileStore: files that only the app's token opens."""

    def __init__(self, accounts: SlackAccounts, http: HttpClient, api_url: str) -> None:
        self._accounts = accounts
        self._http = http
        self._api_url = api_url

    async def fetch(self, place: Place, attachment: Attachment) -> bytes:
        """The content; Slack shows its page for signing in where the app may not read files."""
        check_host(attachment.url, SLACK_HOSTS, self._api_url)
        account = await self._accounts.find(place.workspace)
        headers = {"Authorization": f"Bearer {account.client.token}"}
        content, media_type = await _download(self._http, attachment.url, headers)
        if media_type == "text/html" and "html" not in attachment.media_type:
            raise DocumentUnreadable("Slack hands over no file: the app lacks the scope files:read")
        return content


class DiscordFiles:
    """Satisfies bot.ports.FileStore: files at addresses that are signed for a day."""

    def __init__(self, http: HttpClient, api_url: str) -> None:
        self._http = http
        self._api_url = api_url

    async def fetch(self, place: Place, attachment: Attachment) -> bytes:  # noqa: ARG002
        """The content."""
        check_host(attachment.url, DISCORD_HOSTS, self._api_url)
        return (await _download(self._http, attachment.url, {}))[0]


def check_host(url: str, hosts: Set[str], api_url: str) -> None:
    """Raise SourceRefused unless the platform itself keeps what is at the address.

    Where the platform's API was set to lie elsewhere, its files lie there, too.
    """
    asked, own = urlsplit(url), urlsplit(api_url)
    if asked.scheme == "https" and asked.hostname in hosts and asked.port in (None, 443):
        return
    if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
        return
    raise SourceRefused(f"{asked.netloc or url!r} is no host of the platform's files.")


async def _download(http: HttpClient, url: str, headers: Mapping[str, str]) -> tuple[bytes, str]:
    """The content and its media type. A redirect leads elsewhere, and is not followed."""
    answer = await http.get(url, headers=headers, follow=lambda _: False)
    answer.expect_document()
    if answer.status >= 300:
        raise DocumentUnreadable(f"the file is not where the platform said ({answer.status})")
    return answer.content, answer.media_type
