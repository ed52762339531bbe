"""What is particular to each service: what is read there, what is not, and who may read it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import DocumentUnreadable, SourceRefused, SourceUnreadable
from retrieval.model import ParsedDocument, SourceEntry
from retrieval.parsing.formats import parse_content
from retrieval.ports import Connector
from retrieval.sources import discord as discord_source
from retrieval.sources.discord import DiscordConnector, DiscordSettings
from retrieval.sources.github import GitHubConnector, GitHubSettings
from retrieval.sources.http import HttpClient
from retrieval.sources.notion import NotionConnector, NotionSettings
from retrieval.sources.slack import SlackConnector, SlackSettings
from retrieval.sources.surroundings import Surroundings
from tests.contract.service_benches import (
    ConfluenceBench,
    GitHubBench,
    GoogleDriveBench,
    HttpBench,
    NotionBench,
)
from tests.contract.source_benches import LOOPBACK, open_loopback_client
from tests.emulators.discord import DiscordEmulator
from tests.emulators.services import github, notion
from tests.emulators.services.github import GitHubServer
from tests.emulators.services.google_drive import DOCUMENT, FOLDER
from tests.emulators.services.notion import NotionServer
from tests.emulators.slack import SlackEmulator

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_loopback_client() as client:
        yield client


async def listing(connector: Connector) -> list[SourceEntry]:
    return [entry async for entry in connector.list_entries()]


async def read(connector: Connector, entry: SourceEntry) -> ParsedDocument:
    raw = await connector.fetch(entry)
    return parse_content(raw.content, raw.media_type, raw.name or entry.external_id)


async def read_all(connector: Connector) -> list[ParsedDocument]:
    return [await read(connector, entry) for entry in await listing(connector)]


# GitHub


def connect_github(server: GitHubServer, http: HttpClient, *contents: str) -> GitHubConnector:
    settings = GitHubSettings("acme/app", contents, github.TOKEN, server.url)
    return GitHubConnector(settings, Surroundings(http, Path("cache"), LOOPBACK))


async def test_issues_pulls_and_discussions_are_read_as_chosen(http: HttpClient) -> None:
    async with GitHubServer() as server:
        server.open_topic("issue", "Crash", "It crashes.")
        server.open_topic("pull", "Mend the crash", "Mended.")
        server.open_topic("discussion", "Why?", "I wonder.")
        for contents, names in [
            (("issues",), ["issues/1"]),
            (("pulls",), ["issues/2"]),
            (("issues", "pulls", "discussions"), ["issues/1", "issues/2", "discussions/3"]),
        ]:
            entries = await listing(connect_github(server, http, *contents))
            assert [entry.external_id for entry in entries] == names
        server.has_discussions = False
        assert await listing(connect_github(server, http, "discussions")) == []


async def test_all_comments_are_read_each_with_its_link(http: HttpClient) -> None:
    async with GitHubServer() as server:
        topic = server.open_topic("issue", "Crash", "It crashes.", state="closed")
        posts = [server.comment(topic, f"Comment {number}.") for number in range(5)]
        (document,) = await read_all(connect_github(server, http, "issues"))
        anchors = [block.anchor for block in document.blocks if block.level == 2]
        assert anchors == [f"issuecomment-{post.id}" for post in posts]
        assert all(f"Comment {number}." in document.text for number in range(5))


async def test_a_discussion_is_read_with_comments_and_replies(http: HttpClient) -> None:
    async with GitHubServer() as server:
        topic = server.open_topic("discussion", "How?", "I wonder.")
        for number in range(3):
            post = server.comment(topic, f"Comment {number}.")
            server.reply(topic, post, f"Reply {number}.")
        topic.answer = topic.comments[1].id
        connector = connect_github(server, http, "discussions")
        (entry,) = await listing(connector)
        assert entry.url == "https://github.com/acme/app/discussions/1"
        document = await read(connector, entry)
        assert all(
            f"{word} {number}." in document.text
            for word in ("Comment", "Reply")
            for number in range(3)
        )
        assert document.text.count("Answer by ben") == 1


async def test_a_comment_changes_the_fingerprint(http: HttpClient) -> None:
    async with GitHubServer() as server:
        topic = server.open_topic("issue", "Crash", "It crashes.")
        connector = connect_github(server, http, "issues")
        (before,) = await listing(connector)
        server.comment(topic, "Here too.")
        (after,) = await listing(connector)
        assert before.fingerprint != after.fingerprint


async def test_a_private_repository_is_hidden_from_those_without_a_token(http: HttpClient) -> None:
    async with GitHubServer() as server:
        server.private = True
        settings = GitHubSettings("acme/app", ("issues",), "", server.url)
        surroundings = Surroundings(http, Path("cache"), LOOPBACK)
        with pytest.raises(SourceRefused, match="acme/app.*token"):
            await listing(GitHubConnector(settings, surroundings))


async def test_a_spent_limit_says_when_it_ends(http: HttpClient) -> None:
    async with GitHubBench() as bench:
        reset = int(datetime.now(UTC).timestamp()) + 1800
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
        bench.server.fail(403, headers=headers)
        with pytest.raises(SourceUnreadable) as asked:
            await listing(bench.connect(http))
        assert asked.value.retry_after == pytest.approx(1800, abs=30)


async def test_the_token_never_goes_to_another_host(http: HttpClient) -> None:
    async with GitHubBench() as bench, GitHubServer() as other:
        await bench.put("one", "Text.")
        link = {"Link": f'<{other.url}/repos/acme/app/issues?page=2>; rel="next"'}
        bench.server.fail(200, bench.listing, headers=link, body=[])
        with pytest.raises(SourceRefused, match="another host"):
            await listing(bench.connect(http))
        assert other.journal == []


async def test_a_redirect_does_not_take_the_token_along(http: HttpClient) -> None:
    async with GitHubBench() as bench, GitHubServer() as other:
        await bench.put("one", "Text.")
        elsewhere = {"Location": f"{other.url}/repos/acme/app/issues"}
        bench.server.fail(302, bench.listing, headers=elsewhere)
        await listing(bench.connect(http))
        (request,) = other.journal
        assert "Authorization" not in request.headers


async def test_pages_that_lead_in_circles_are_an_error(http: HttpClient) -> None:
    async with GitHubBench() as bench:
        link = {"Link": f'<{bench.server.url}/repos/acme/app/issues?page=2>; rel="next"'}
        bench.server.fail(200, bench.listing, headers=link, body=[])
        with pytest.raises(SourceUnreadable, match="again and again"):
            await listing(bench.connect(http))


async def test_an_answer_that_is_no_data_is_an_error(http: HttpClient) -> None:
    async with GitHubBench() as bench:
        bench.server.fail(200, bench.listing, body="<html>Sign in</html>")
        with pytest.raises(SourceUnreadable, match="JSON"):
            await listing(bench.connect(http))


@pytest.mark.parametrize(
    "bench",
    [GitHubBench, ConfluenceBench, NotionBench, GoogleDriveBench],
    ids=lambda bench: bench.__name__,
)
async def test_an_answer_of_another_form_is_no_empty_listing(
    http: HttpClient, bench: type[HttpBench]
) -> None:
    async with bench() as opened:
        await opened.put("one", "Text.")
        (entry,) = await listing(opened.connect(http))
        for path in (opened.listing, opened.document):
            opened.server.fail(200, path, body={})
        with pytest.raises(SourceUnreadable, match="another form"):
            await listing(opened.connect(http))
        with pytest.raises(DocumentUnreadable, match="another form"):
            await opened.connect(http).fetch(entry)


# Confluence


async def test_a_token_with_scopes_is_used_where_it_is_taken(http: HttpClient) -> None:
    async with ConfluenceBench() as bench:
        for number in range(5):
            await bench.put(f"page {number}", "Text.")
        connector = bench.connect(http)
        entries = await listing(connector)
        assert len(entries) == 5
        # the next page is asked for below the address that was set
        paths = {request.path for request in bench.server.journal}
        assert paths == {"/wiki/api/v2/spaces", "/wiki/api/v2/spaces/98306/pages"}


async def test_an_archived_page_is_not_listed(http: HttpClient) -> None:
    async with ConfluenceBench() as bench:
        await bench.put("old", "Text.")
        bench.server.pages[bench.documents["old"].id].status = "archived"
        assert await listing(bench.connect(http)) == []


# Notion


def connect_notion(server: NotionServer, http: HttpClient, **options: Any) -> NotionConnector:
    settings = NotionSettings((server.root.id,), notion.TOKEN, server.url)
    return NotionConnector(settings, http, **options)


async def test_pages_are_found_wherever_they_are_shown(http: HttpClient) -> None:
    async with NotionServer() as server:
        child = server.add_page(server.root, "Child", ["Text."])
        server.add_page(child, "Grandchild", ["Text."])
        columns = server.add_block(server.root, "column_list")
        column = server.add_block(columns, "column")
        server.add_page(column, "In a column", ["Text."])
        database = server.add_database(server.root, "Tasks")
        row = server.add_page(database, "Row", ["Text."])
        server.add_page(row, "Below a row", ["Text."])
        # a page that is shown twice is one document
        columns.children.append(child)
        titles = [document.title for document in await read_all(connect_notion(server, http))]
        assert sorted(titles) == [
            "Below a row", "Child", "Grandchild", "In a column", "Row", "Team space",
        ]  # fmt: skip


async def test_a_view_of_what_is_not_shared_hides_nothing_else(http: HttpClient) -> None:
    async with NotionServer() as server:
        view = server.add_database(server.root, "A view of another team's tasks")
        copy = server.add_block(server.root, "synced_block", synced_from=None)
        server.add_block(copy, "paragraph", "Hidden.")
        server.add_page(server.root, "Child", ["Text."])
        server.fail(404, f"/v1/databases/{view.id}")
        server.fail(404, f"/v1/blocks/{copy.id}/children")
        titles = [document.title for document in await read_all(connect_notion(server, http))]
        assert titles == ["Team space", "Child"]


async def test_headings_lead_to_their_blocks(http: HttpClient) -> None:
    async with NotionServer() as server:
        heading = server.add_block(server.root, "heading_2", "Steps")
        connector = connect_notion(server, http)
        (entry,) = await listing(connector)
        document = await read(connector, entry)
        assert document.blocks[-1].anchor == heading.id.replace("-", "")
        assert "#" not in entry.url


async def test_a_page_that_changed_this_minute_is_fetched_again(http: HttpClient) -> None:
    async with NotionServer() as server:
        server.root.edited_at = moment = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
        for age, known in [(20, False), (300, True)]:
            now = moment + timedelta(seconds=age)
            (entry,) = await listing(connect_notion(server, http, now=lambda now=now: now))
            assert (entry.fingerprint is not None) == known


async def test_a_root_in_the_trash_deletes_nothing(http: HttpClient) -> None:
    async with NotionServer() as server:
        server.trash(server.root)
        with pytest.raises(SourceRefused, match="trash"):
            await listing(connect_notion(server, http))


# Google Drive


async def test_folders_are_read_through_and_other_kinds_left_out(http: HttpClient) -> None:
    async with GoogleDriveBench() as bench:
        server = bench.server
        folder = server.add("Inner", FOLDER, parent=server.root)
        server.add("a.md", "application/octet-stream", b"Text.", parent=folder)
        server.add("song.mp3", "audio/mpeg", b"noise", parent=folder)
        page = b'<html><head></head><body><h1 id="h.a1">Plan</h1><p>Text.</p></body></html>'
        plan = server.add("The plan", DOCUMENT, page, parent=folder)
        # a file may be listed in two folders
        plan.parents.append(server.root.id)
        connector = bench.connect(http)
        entries = await listing(connector)
        documents = [await read(connector, entry) for entry in entries]
        assert sorted(document.title for document in documents) == ["A", "Plan"]
        (heading,) = [
            block.anchor for document in documents for block in document.blocks if block.level
        ]
        assert heading == "heading=h.a1"


@pytest.mark.parametrize(("seconds", "tokens"), [(3599, 1), (100, 3)])
async def test_a_token_is_used_until_it_runs_out(
    http: HttpClient, seconds: int, tokens: int
) -> None:
    async with GoogleDriveBench() as bench:
        bench.server.token_seconds = seconds
        await bench.put("one", "Text.")
        connector = bench.connect(http)
        # the folder, what is in it, and the file
        (entry,) = await listing(connector)
        await connector.fetch(entry)
        assert len(bench.server.tokens) == tokens


async def test_a_search_that_was_not_complete_is_an_error(http: HttpClient) -> None:
    async with GoogleDriveBench() as bench:
        await bench.put("one", "Text.")
        bench.server.is_incomplete = True
        with pytest.raises(SourceUnreadable, match="part"):
            await listing(bench.connect(http))


async def test_a_folder_that_is_not_shared_says_with_whom_to_share_it(http: HttpClient) -> None:
    async with GoogleDriveBench() as bench:
        bench.server.fail(404, "/drive/v3/files/*")
        with pytest.raises(SourceRefused, match="reader@acme"):
            await listing(bench.connect(http))


# Slack


def connect_slack(
    slack: SlackEmulator, http: HttpClient, *names: str, **more: Any
) -> SlackConnector:
    ids = tuple(slack.backend.workspace.channel(name).id for name in names)
    token = slack.backend.app.bot_token
    return SlackConnector(SlackSettings(ids, token, api_url=slack.api_url), http, **more)


async def test_a_thread_is_one_document_with_names(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        driver = slack.driver
        first = await driver.post("alma", "general", "How long is the trial?")
        ada = slack.backend.workspace.user("alma").id
        await driver.post("bruno", "general", f"Two weeks, <@{ada}>.", thread_ts=first["ts"])
        await driver.post("chen", "general", "Elsewhere.")
        connector = connect_slack(slack, http, "general")
        entries = await listing(connector)
        texts = [(await read(connector, entry)).text for entry in entries]
        assert len(entries) == 2
        assert "alma: How long is the trial?\n\nbruno: Two weeks, @alma." in texts[0]
        assert entries[0].url.endswith(f"/p{first['ts'].replace('.', '')}")


async def test_a_thread_is_read_anew_until_it_has_rested(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        first = await slack.driver.post("alma", "general", "How long is the trial?")
        await slack.driver.post("bruno", "general", "Two weeks.", thread_ts=first["ts"])
        (fresh,) = await listing(connect_slack(slack, http, "general"))
        assert fresh.fingerprint is None
        rested = connect_slack(slack, http, "general", now=lambda: LATER)
        (before,) = await listing(rested)
        await slack.driver.post("chen", "general", "Or three.", thread_ts=first["ts"])
        (after,) = await listing(rested)
        assert None is not before.fingerprint != after.fingerprint


async def test_what_bots_and_slack_itself_write_is_left_out(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        app = slack.backend.app
        first = await slack.driver.post("alma", "general", "How long is the trial?")
        body = {"channel": first["channel"], "text": "Answer of a bot.", "thread_ts": first["ts"]}
        for extra in (body, {**body, "thread_ts": ""}):
            url = f"{slack.api_url}chat.postMessage"
            headers = {"Authorization": f"Bearer {app.bot_token}"}
            assert (await http.post(url, json=extra, headers=headers)).json()["ok"]
        slack.backend.workspace.store(
            slack.backend.person_message(
                slack.backend.workspace.user("chen"), slack.backend.workspace.channel("general"),
                "joined", subtype="channel_join",
            )
        )  # fmt: skip
        (document,) = await read_all(connect_slack(slack, http, "general"))
        assert document.text.endswith("alma: How long is the trial?")


async def test_a_private_channel_is_for_its_own_readers_alone(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        await slack.driver.post("alma", "leads", "A secret.")
        await slack.driver.post("alma", "general", "No secret.")
        leads = slack.backend.workspace.channel("leads").id
        entries = await listing(connect_slack(slack, http, "leads", "general"))
        assert [entry.audience for entry in entries] == [
            frozenset({f"slack:channel:{leads}"}),
            None,
        ]


async def test_a_channel_without_the_app_says_how_to_invite_it(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        with pytest.raises(SourceRefused, match="/invite"):
            await listing(connect_slack(slack, http, "random"))


async def test_a_scope_that_lacks_is_named(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        slack.backend.app.scopes.discard("channels:history")
        with pytest.raises(SourceRefused, match="channels:history"):
            await listing(connect_slack(slack, http, "general"))


async def test_names_are_not_worth_a_failure(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        slack.backend.app.scopes.discard("users:read")
        await slack.driver.post("alma", "general", "Hello.")
        (document,) = await read_all(connect_slack(slack, http, "general"))
        assert "Hello." in document.text


async def test_messages_before_the_first_day_are_left_out(http: HttpClient) -> None:
    async with SlackEmulator() as slack:
        await slack.driver.post("alma", "general", "Old.")
        settings = SlackSettings(
            (slack.backend.workspace.channel("general").id,), slack.backend.app.bot_token,
            since=LATER, api_url=slack.api_url,
        )  # fmt: skip
        assert await listing(SlackConnector(settings, http)) == []


# Discord


def connect_discord(
    discord: DiscordEmulator, http: HttpClient, *names: str, **more: Any
) -> DiscordConnector:
    ids = tuple(str(discord.world.find_channel(name).id) for name in names)
    return DiscordConnector(DiscordSettings(ids, discord.bot_token, discord.api_url), http, **more)


async def test_posts_of_a_forum_are_documents(http: HttpClient) -> None:
    async with DiscordEmulator() as discord:
        post = await discord.driver.create_post(
            "ben", "#questions", "How long?", "Tell.", tags=("open",)
        )
        await discord.driver.post("ada", post["id"], "Two weeks.")
        connector = connect_discord(discord, http, "#questions")
        (entry,) = await listing(connector)
        document = await read(connector, entry)
        assert document.title == "How long? (#questions: open)"
        assert "Ben: Tell.\n\nAda: Two weeks." in document.text
        assert entry.url.endswith(f"/{post['id']}")


async def test_a_thread_begins_with_the_message_that_it_was_started_from(http: HttpClient) -> None:
    async with DiscordEmulator() as discord:
        first = await discord.driver.post("ben", "#general", "How long is the trial?")
        thread = await discord.driver.create_thread("ada", "#general", "Trial", message=first)
        await discord.driver.post("ada", thread["id"], "Two weeks.")
        (document,) = await read_all(connect_discord(discord, http, "#general"))
        assert document.title == "Trial (#general)"
        assert "Ben: How long is the trial?\n\nAda: Two weeks." in document.text


async def test_all_archived_threads_are_listed_and_private_ones_are_not(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord_source, "_PAGE", 2)
    async with DiscordEmulator() as discord:
        threads = []
        for number in range(5):
            thread = await discord.driver.create_thread("ben", "#general", f"Thread {number}")
            await discord.driver.post("ben", thread["id"], "Text.")
            threads.append(thread["id"])
        for thread_id in threads[:4]:
            await discord.driver.advance(60)
            await discord.driver.set_thread(thread_id, archived=True)
        await discord.driver.create_thread("ben", "#general", "Private", private=True)
        entries = await listing(connect_discord(discord, http, "#general"))
        found = {entry.external_id.split("/")[1] for entry in entries}
        assert found == set(threads)


async def test_a_channel_for_some_is_for_its_own_readers_alone(http: HttpClient) -> None:
    async with DiscordEmulator() as discord:
        await discord.driver.post("ada", "#leads", "A secret.")
        (entry,) = await listing(connect_discord(discord, http, "#leads"))
        leads = discord.world.find_channel("#leads").id
        assert entry.audience == frozenset({f"discord:channel:{leads}"})


async def test_a_channel_that_the_bot_may_not_read_is_refused_not_empty(http: HttpClient) -> None:
    async with DiscordEmulator() as discord:
        await discord.driver.post("ben", "#general", "Text.")
        history = 1 << 16
        for role in discord.world.find_guild().roles.values():
            role.permissions &= ~history
        with pytest.raises(SourceRefused, match="Read Message History"):
            await listing(connect_discord(discord, http, "#general"))


async def test_a_bot_that_may_not_see_what_people_write_is_refused(http: HttpClient) -> None:
    async with DiscordEmulator() as discord:
        await discord.driver.set_privileged_intents([])
        with pytest.raises(SourceRefused, match="Message Content Intent"):
            await listing(connect_discord(discord, http, "#general"))


async def test_what_bots_write_is_left_out(http: HttpClient) -> None:
    async with DiscordEmulator() as discord:
        await discord.driver.post("ben", "#general", "Text.")
        channel = discord.world.find_channel("#general").id
        url = f"{discord.api_url}/channels/{channel}/messages"
        headers = {"Authorization": f"Bot {discord.bot_token}"}
        answer = await http.post(url, json={"content": "Answer of a bot."}, headers=headers)
        assert answer.status == 200
        (document,) = await read_all(connect_discord(discord, http, "#general"))
        assert "bot" not in document.text
