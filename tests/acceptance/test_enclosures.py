"""Files that come with questions: read for them alone, on both platforms."""

import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import docx
import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.people import OnDiscord, OnSlack, People, Said
from tests.acceptance.program import Shell, point_at_discord, point_at_slack, serving
from tests.acceptance.readers import Json, ReaderOnDiscord, ReaderOnSlack
from tests.emulators.chat_model import ChatModelServer, Reply, Rule, Script
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.fakes.pdf import make_pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAUNA = "The sauna of the Oulu office is heated every Thursday at half past four."
QUESTION = "When is the sauna of the Oulu office heated?"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64

Files = dict[str, tuple[str, bytes]]
"""Media type and content by name."""
Ask = Callable[[str, Files], Awaitable[Said]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(
    module_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, People]]:
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        reached = point_at_slack(slack) | point_at_discord(discord)
        shell = Shell(tmp_path_factory.mktemp("town"), DATABASE_URL=module_url, **reached)
        async with serving(shell):
            yield {"slack": OnSlack(slack), "discord": OnDiscord(discord)}


@pytest.fixture(params=["slack", "discord"])
def ask(request: pytest.FixtureRequest, town: dict[str, People]) -> Ask:
    return ask_with(town[request.param])


async def send(people: People, text: str, files: Files) -> Json:
    """Mention the bot with a question and files."""
    encoded = [
        (name, media_type, base64.b64encode(content).decode())
        for name, (media_type, content) in files.items()
    ]
    if isinstance(people, OnSlack):
        sent: list[Any] = [
            {"name": name, "mimetype": kind, "content": held} for name, kind, held in encoded
        ]
        said = f"<@{people.slack.bot_user_id}> {text}"
        return await people.slack.driver.post("bruno", "help", said, files=sent)
    assert isinstance(people, OnDiscord)
    sent = [
        {"filename": name, "content_type": kind, "base64": held} for name, kind, held in encoded
    ]
    said = f"@{people.discord.world.bot.name} {text}"
    return await people.discord.driver.post("ben", "#help", said, attachments=sent)


def ask_with(people: People) -> Ask:
    """Mentions the bot with a question and files; what it answers."""

    async def ask(text: str, files: Files) -> Said:
        (answer, *_) = await people.wait_for_answers(await send(people, text, files))
        return answer

    return ask


def write_docx(text: str) -> bytes:
    document = docx.Document()
    document.add_heading("Sauna", 1)
    document.add_paragraph(text)
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("oulu.txt", "text/plain", SAUNA.encode()),
        ("oulu.log", "application/octet-stream", SAUNA.encode()),
        ("oulu.pdf", "application/pdf", make_pdf([[(12, 700, SAUNA)]])),
        ("oulu.docx", "application/octet-stream", write_docx(SAUNA)),
    ],
)
async def test_a_file_is_quoted_and_cited_by_its_name(
    ask: Ask, name: str, media_type: str, content: bytes
) -> None:
    answer = await ask(QUESTION, {name: (media_type, content)})
    assert "half past four" in answer.text
    assert name in answer.text
    assert not answer.links


async def test_a_file_is_known_to_its_own_question_alone(ask: Ask, module_url: str) -> None:
    await ask(
        QUESTION, {"oulu.txt": ("text/plain", f"{SAUNA}\n\n# Linen\n\nTowels are blue.\n".encode())}
    )
    answer = await ask(QUESTION, {})
    assert "half past four" not in answer.text
    kept = (
        "SELECT count(*) FROM document WHERE title ILIKE '%oulu%'",
        "SELECT count(*) FROM thread_memory WHERE position('Towels are blue'::bytea IN state) > 0",
    )
    async with await psycopg.AsyncConnection.connect(module_url) as connection:
        for query in kept:
            assert await (await connection.execute(query)).fetchone() == (0,)


async def test_asked_again_the_files_are_read_anew_or_it_is_said_that_they_are_gone(
    town: dict[str, People],
) -> None:
    slack, discord = town["slack"], town["discord"]
    assert isinstance(slack, OnSlack)
    assert isinstance(discord, OnDiscord)
    held: tuple[tuple[ReaderOnSlack | ReaderOnDiscord, dict[Any, Any]], ...] = (
        (ReaderOnSlack(slack.slack), slack.slack.workspace.files),
        (ReaderOnDiscord(discord.discord), discord.discord.world.attachments),
    )
    for people, files in held:
        asked = await send(people, QUESTION, {"oulu.txt": ("text/plain", SAUNA.encode())})
        (first,) = await people.wait_for_answers(asked)
        await people.ask_for(people.member, "help", first, "Ask again")
        (_, second) = await people.wait_for_answers(asked, 2)
        assert "half past four" in second.text
        assert "oulu.txt" in second.text
        files.clear()
        await people.ask_for(people.member, "help", second, "Ask again")
        (*_, third) = await people.wait_for_answers(asked, 3)
        assert "half past four" not in third.text
        assert "I was not given oulu.txt, so this answer is without it." in third.text


async def test_files_that_cannot_be_read_are_told_of_and_do_not_cost_the_answer(ask: Ask) -> None:
    files = {
        "broken.pdf": ("application/pdf", b"%PDF-1.7 nothing"),
        "program.exe": ("application/octet-stream", b"MZ"),
        "huge.txt": ("text/plain", b"a" * (10 * 2**20 + 1)),
        "shot.png": ("image/png", PNG),
        "fake.png": ("image/png", b"no picture"),
        "sixth.txt": ("text/plain", SAUNA.encode()),
    }
    answer = await ask("How many days of holiday can be carried over?", files)
    assert "five days" in answer.text
    told = "".join(answer.text.split("\n"))
    assert "I could not read broken.pdf" in told
    assert "I cannot read files such as program.exe" in told
    assert "huge.txt is larger than 10 MB" in told
    assert "I can't see images here, so this answer is without shot.png" in told
    assert "I cannot read files such as fake.png" in told
    assert "I read the first 5 files only" in told


async def test_a_file_without_a_question_is_asked_about(ask: Ask) -> None:
    answer = await ask("", {"oulu.txt": ("text/plain", SAUNA.encode())})
    assert "What do you want to know about oulu.txt?" in answer.text


async def test_a_file_can_go_with_the_command_on_discord(town: dict[str, People]) -> None:
    people = town["discord"]
    assert isinstance(people, OnDiscord)
    driver = people.discord.driver
    upload = {"filename": "oulu.txt", "text": SAUNA}
    options = {"question": QUESTION, "file": upload}
    begun = await driver.slash("ben", "#general", "ask", options)
    answer = await people.wait_for_private(begun)
    assert "half past four" in answer.text
    assert "oulu.txt" in answer.text


async def test_a_model_that_sees_reads_an_image_into_the_answer(
    synced_url: str, tmp_path: Path
) -> None:
    seen = "Error E-4711: the toner is empty. The image shows a printer's display."
    plan = {"decision": "search", "reason": "a question", "reply": "", "queries": ["E-4711"]}
    rules = [
        Rule(anywhere="You read an image", reply=Reply(seen)),
        Rule(schema="PlanOutput", reply=Reply(data=plan)),
        Rule(schema="JudgeOutput", reply=Reply(data={"verdict": "enough", "reason": "there"})),
        Rule(schema="", reply=Reply("Error E-4711 means that the toner is empty. [1]")),
    ]
    async with (
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        ChatModelServer(Script(rules)) as model,
    ):
        chosen = {
            "FOOTNOTE_CHAT_MODEL": "openai:scripted",
            "FOOTNOTE_CHAT_MODEL_SEES": "yes",
            "OPENAI_API_KEY": "test",
            "OPENAI_BASE_URL": model.openai_url,
        }
        reached = point_at_slack(slack) | point_at_discord(discord)
        async with serving(Shell(tmp_path, DATABASE_URL=synced_url, **reached, **chosen)):
            for people in (OnSlack(slack), OnDiscord(discord)):
                answer = await ask_with(people)("What is this?", {"shot.png": ("image/png", PNG)})
                assert "the toner is empty" in answer.text
                assert "shot.png" in answer.text
                assert not answer.links
