"""An answer is stopped through one process while another makes it."""

import asyncio

from bot.rendering.phrases import making
from bot.storage.inbox import name_item
from tests.fakes.assistant import ScriptedAssistant
from tests.fakes.messages import make_command, make_message
from tests.fakes.messenger import InMemoryMessenger
from tests.integration.bot.conftest import open_bot


async def test_a_stop_reaches_the_process_that_makes_the_answer(queue_url: str) -> None:
    messenger = InMemoryMessenger()
    assistant = ScriptedAssistant(gate=asyncio.Event(), draft="Perhaps twenty")
    message = make_message()
    item = name_item("default", "slack", message.message)
    async with (
        open_bot(queue_url, messenger=messenger, assistant=assistant) as maker,
        open_bot(queue_url, messenger=messenger) as other,
        maker.working(),
    ):
        await maker.intake.accept(message)
        await maker.wait(lambda: any("Perhaps" in posted.text for posted in messenger.posts))
        noted = f"SELECT count(*) FROM inbox WHERE item_id = '{item}' AND draft = 'm1'"

        async def is_noted() -> bool:
            return await other.count(noted) == 1

        await maker.wait_async(is_noted)
        await other.intake.accept_command(make_command(f"answer stop {item}"))
        await maker.wait_async(maker.all_done)
    assert assistant.cancelled == 1
    answer = messenger.posts[0].text
    assert "Perhaps twenty" in answer
    assert making.STOPPED.en in answer
    assert not messenger.posts[0].is_draft
