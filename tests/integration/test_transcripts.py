"""Transcripts of Slack channels: read once, kept by events, read again where some were missed."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from retrieval.errors import SourceUnreadable
from retrieval.model import ChatMessage, Source, SourceEntry
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.sources.http import HttpClient
from tests.contract.source_benches import open_loopback_client
from tests.contract.transcript_bench import TENANT, TranscriptBench


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_loopback_client() as client:
        yield client


@pytest.fixture
async def bench(postgres_url: str, template_database: str) -> AsyncIterator[TranscriptBench]:
    async with TranscriptBench(postgres_url, template_database) as opened:
        yield opened


async def list_all(
    bench: TranscriptBench, http: HttpClient, source: Source | None = None
) -> list[SourceEntry]:
    return [entry async for entry in bench.connect(http, source).list_entries()]


async def read(bench: TranscriptBench, http: HttpClient, entry: SourceEntry) -> str:
    raw = await bench.connect(http).fetch(entry)
    assert raw is not None
    return raw.content.decode()


def count_calls(bench: TranscriptBench) -> int:
    """How often the methods that Slack rations were called."""
    return sum(
        entry.data["method"] in ("conversations.history", "conversations.replies")
        for entry in bench.slack.journal.entries
        if entry.kind == "api.called"
    )


async def test_a_channel_is_read_through_the_api_once(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.put("one", "How long is the trial?")
    await list_all(bench, http)
    calls = count_calls(bench)
    driver = bench.slack.driver
    await driver.post("bruno", "general", "Two weeks.", thread_ts=bench.documents["one"])
    await bench.put("two", "Where is the printer?")
    await bench.put("two", "Where is the new printer?")
    await bench.listen()
    texts = [await read(bench, http, entry) for entry in await list_all(bench, http)]
    assert any("Two weeks." in text and "How long" in text for text in texts)
    assert any("new printer" in text for text in texts)
    assert count_calls(bench) == calls


async def test_a_thread_without_its_first_message_is_left(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.put("one", "A word that I regret.")
    reply = await bench.slack.driver.post(
        "bruno", "general", "An answer.", thread_ts=bench.documents["one"]
    )
    await bench.listen()
    (before,) = await list_all(bench, http)
    await bench.remove("one")
    (after,) = await list_all(bench, http)
    assert after.external_id == before.external_id
    text = await read(bench, http, after)
    assert "An answer." in text
    assert "regret" not in text
    await bench.slack.driver.delete("bruno", "general", reply["ts"])
    await bench.listen()
    assert await list_all(bench, http) == []


async def test_a_reading_that_was_interrupted_goes_on(
    bench: TranscriptBench, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.sources.slack_reader._PAGE", 2)
    bench.is_listening = False
    for number in range(6):
        await bench.put(f"document {number}", f"Text number {number}.")
    await bench.slack.driver.fault(
        "conversations.history", "rate_limited", after=2, retry_after=600
    )
    with pytest.raises(SourceUnreadable):
        await list_all(bench, http)
    await bench.slack.driver.clear_faults()
    calls = count_calls(bench)
    assert len(await list_all(bench, http)) == 6
    assert count_calls(bench) - calls == 1


async def test_what_was_deleted_does_not_come_back_and_the_later_version_stands(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.put("kept", "The first version.")
    await bench.put("gone", "Gone.")
    await list_all(bench, http)
    old = [
        payload["event"]
        for payload in bench.slack.backend.courier.sent.values()
        if payload["event"].get("text")
    ]
    await bench.put("kept", "The second version.")
    await bench.remove("gone")
    # Slack delivers the first events once more, and a page of the API was older than both.
    for payload in list(bench.slack.backend.courier.sent.values())[: len(old)]:
        await bench.transcriber.note(payload)
    transcript = bench.transcripts.open_for(bench.source)
    late = [ChatMessage(event["ts"], event["ts"], event["user"], event["text"]) for event in old]
    await transcript.put(bench.channel, 1, late)
    (entry,) = await list_all(bench, http)
    assert "The second version." in await read(bench, http, entry)
    held = await transcript.list_loose(bench.channel, "0", "9")
    assert [message.text for message in held] == ["The second version."]
    assert await find_words(bench, "Gone.") == 0


async def find_words(bench: TranscriptBench, words: str) -> int:
    async with bench.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM transcript_message WHERE text LIKE %s", [f"%{words}%"]
        )
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def test_only_channels_that_are_sources_are_written_down(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.slack.driver.post("alma", "general", "Before it was read.")
    await bench.slack.driver.post("alma", "help", "Said elsewhere.")
    await bench.listen()
    assert await find_words(bench, "") == 0
    await list_all(bench, http)
    await bench.slack.driver.post("alma", "help", "Said elsewhere again.")
    await bench.slack.driver.dm("alma", "Said in private.")
    await bench.listen()
    assert await find_words(bench, "Before") == await find_words(bench, "") == 1
    await PostgresSourceStore(bench.pool).remove_source(TENANT, bench.source.name)
    assert await find_words(bench, "") == 0


async def test_what_was_missed_is_read_again(bench: TranscriptBench, http: HttpClient) -> None:
    await bench.put("kept", "Kept as it is.")
    await bench.put("edited", "Before.")
    await bench.put("gone", "Gone meanwhile.")
    await list_all(bench, http)
    bench.is_listening = False
    await bench.put("edited", "After.")
    await bench.remove("gone")
    await bench.put("new", "Said meanwhile.")
    bench.is_listening = True
    assert len(await list_all(bench, http)) == 3
    await pass_time(bench, "11 minutes")
    await bench.transcripts.hear()
    texts = [await read(bench, http, entry) for entry in await list_all(bench, http)]
    assert len(texts) == 3
    for words in ("Kept as it is.", "After.", "Said meanwhile."):
        assert any(words in text for text in texts)


async def test_nothing_is_read_again_while_events_come_in(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.put("one", "One.")
    await list_all(bench, http)
    calls = count_calls(bench)
    for _ in range(3):
        await pass_time(bench, "9 minutes")
        await bench.transcripts.hear()
    await list_all(bench, http)
    assert count_calls(bench) == calls


async def pass_time(bench: TranscriptBench, interval: str) -> None:
    async with bench.pool.connection() as connection:
        await connection.execute(
            "UPDATE transcript_channel SET heard_at = heard_at - %s::interval", [interval]
        )


async def test_the_bot_s_return_and_a_full_sync_have_the_channel_read_again(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.put("one", "Before.")
    await list_all(bench, http)
    bench.is_listening = False
    await bench.put("one", "Between.")
    bench.is_listening = True
    await bench.transcripts.note_gap(bench.slack.team_id, bench.channel)
    (entry,) = await list_all(bench, http)
    assert "Between." in await read(bench, http, entry)
    bench.is_listening = False
    await bench.put("one", "After.")
    bench.is_listening = True
    await bench.transcripts.read_anew(bench.source)
    (entry,) = await list_all(bench, http)
    assert "After." in await read(bench, http, entry)


async def test_older_days_and_other_tokens_are_left_alone(
    bench: TranscriptBench, http: HttpClient
) -> None:
    await bench.put("one", "One.")
    later = await bench.add_source("later", bench.channel, since="2999-01-01")
    assert await list_all(bench, http, later) == []
    with_token = replace(bench.source, config={**bench.source.config, "token": "xoxb-emulator"})
    await list_all(bench, http, with_token)
    assert await find_words(bench, "One.") == 0


async def test_a_day_long_ago_leaves_nothing_out(bench: TranscriptBench, http: HttpClient) -> None:
    """Its seconds have fewer digits than those of a message."""
    await bench.put("one", "One.")
    source = await bench.add_source("ever", bench.channel, since="1999-01-01")
    assert len(await list_all(bench, http, source)) == 1
