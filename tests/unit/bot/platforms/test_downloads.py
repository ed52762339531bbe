"""Files come from the platforms' own hosts, and from nowhere else."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from bot.model import Attachment
from bot.platforms.downloads import (
    DISCORD_HOSTS,
    SLACK_HOSTS,
    DiscordFiles,
    SlackFiles,
    check_host,
)
from retrieval.errors import DocumentUnreadable, SourceRefused
from retrieval.sources.http import HttpAnswer
from tests.fakes.messages import make_place

API = "https://slack.com/api/"
FILE = "https://files.slack.com/files-pri/T1-F1/a.txt"


@pytest.mark.parametrize(
    ("url", "hosts", "api"),
    [
        (FILE, SLACK_HOSTS, API),
        ("https://cdn.discordapp.com/attachments/1/2/a.txt?ex=1", DISCORD_HOSTS, "https://discord.com"),
        ("http://127.0.0.1:4000/files/F1/a.txt", SLACK_HOSTS, "http://127.0.0.1:4000/api/"),
    ],
)  # fmt: skip
def test_hosts_of_the_platform(url: str, hosts: frozenset[str], api: str) -> None:
    check_host(url, hosts, api)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/files-pri/T1-F1/a.txt",
        "https://files.slack.com.evil.example/a.txt",
        "https://files.slack.com@evil.example/a.txt",
        "https://files.slack.com:8443/a.txt",
        "https://evil.example/files.slack.com",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:4001/files/F1/a.txt",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_host(url: str) -> None:
    with pytest.raises(SourceRefused):
        check_host(url, SLACK_HOSTS, "http://127.0.0.1:4000/api/")


class Server:
    """Answers whatever is asked of it."""

    def __init__(self, answer: HttpAnswer) -> None:
        self.answer = answer
        self.headers: list[Mapping[str, str]] = []

    async def get(
        self, url: str, *, headers: Mapping[str, str], follow: Callable[[str], bool]
    ) -> HttpAnswer:
        self.headers.append(headers)
        assert not follow("https://elsewhere.example/")
        return self.answer


class Accounts:
    async def find(self, workspace: str) -> Any:
        return SimpleNamespace(client=SimpleNamespace(token=f"xoxb-{workspace}"))


def answer(status: int = 200, media_type: str = "text/plain") -> HttpAnswer:
    return HttpAnswer(status, FILE, {"content-type": media_type}, b"held")


async def test_slack_s_files_are_opened_with_the_token_of_the_workspace() -> None:
    server = Server(answer())
    files = SlackFiles(Accounts(), server, API)  # type: ignore[arg-type]
    assert await files.fetch(make_place(), Attachment("a.txt", "text/plain", 4, FILE)) == b"held"
    assert server.headers == [{"Authorization": "Bearer xoxb-T1"}]


@pytest.mark.parametrize("wrong", [answer(media_type="text/html"), answer(302), answer(404)])
async def test_what_is_not_the_file_is_no_file(wrong: HttpAnswer) -> None:
    slack = SlackFiles(Accounts(), Server(wrong), API)  # type: ignore[arg-type]
    with pytest.raises((DocumentUnreadable, SourceRefused)):
        await slack.fetch(make_place(), Attachment("a.txt", "text/plain", 4, FILE))


async def test_discord_s_files_need_no_token() -> None:
    url = "https://cdn.discordapp.com/attachments/1/2/a.txt"
    server = Server(answer())
    files = DiscordFiles(server, "https://discord.com/api/v10")  # type: ignore[arg-type]
    assert await files.fetch(make_place(), Attachment("a.txt", "", 4, url)) == b"held"
    assert server.headers == [{}]
