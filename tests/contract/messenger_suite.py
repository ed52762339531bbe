"""What every Messenger must do; the in-memory one and those of the platforms run it.

Subclass it, name the class Test…, and give the fixture `world`.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import pytest

from bot.errors import DeliveryRefused, RateLimited
from bot.model import Place
from bot.ports import LiveAnswer, Messenger
from bot.rendering.reply import (
    Bullets,
    Button,
    Code,
    CodeBlock,
    Draft,
    Emphasis,
    Heading,
    LineBreak,
    Mark,
    Paragraph,
    Quote,
    Rating,
    Reply,
    SourceLine,
    Strike,
    Strong,
    Table,
    Text,
)


class World(Protocol):
    """A platform that a test can look into."""

    @property
    def messenger(self) -> Messenger: ...

    @property
    def place(self) -> Place:
        """A thread in a channel where the bot may post."""
        ...

    @property
    def closed_place(self) -> Place:
        """A channel where the bot may not post, or that does not exist."""
        ...

    async def read_texts(self, place: Place) -> Sequence[str]:
        """The bot's messages in the place as they read now, as plain characters, oldest first."""
        ...

    async def forget(self) -> None:
        """Lose all memory of what was posted, as a restart of the process does."""
        ...

    async def limit_next_call(self, seconds: float) -> None:
        """Have the next posts refused for being too many, until the adapter gives up retrying."""
        ...


def say(text: str, *, footer: str = "") -> Reply:
    """A reply of one paragraph."""
    return Reply((Paragraph((Text(text),)),), footer=footer)


RICH = Reply(
    blocks=(
        Heading(2, (Text("Leave"),)),
        Paragraph(
            (
                Strong((Text("Twenty"),)),
                Text(" days "),
                Mark(1, "https://docs.example/leave"),
                LineBreak(),
                Emphasis((Text("more"),)),
                Strike((Text("less"),)),
                Code("x < y"),
                Text(" & <@U1> @everyone <!channel> *stars*"),
            )
        ),
        Bullets(
            ((Paragraph((Text("one"),)), Bullets(((Paragraph((Text("inner"),)),),))),), start=3
        ),
        CodeBlock("for x in y:\n    print('```')", "python"),
        Table(((Text("a"),), (Text("b"),)), (((Text("cell|1"),), (Text("cell2"),)),)),
        Quote((Paragraph((Text("quoted"),)),)),
    ),
    sources=(
        SourceLine(1, "Handbook", "Leave", "https://docs.example/leave", "3 days old"),
        SourceLine(2, "No address", "", "", ""),
    ),
    notices=("The newest source is old.",),
    footer="Quoted from the sources",
)

NO_TOKEN: Mapping[str, str] = {}
READER: Mapping[str, str] = {"user": "U0ALMA00001"}
STOP = Button("Stop", "answer stop 0123456789abcdef")


class MessengerSuite:
    """The contract."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError("a subclass says what is tested")

    async def test_a_post_can_be_read(self, world: World) -> None:
        message = await world.messenger.post(
            world.place, say("Hello there."), key="k1", reply_token=NO_TOKEN
        )
        assert message
        (text,) = await world.read_texts(world.place)
        assert "Hello there." in text

    async def test_a_key_is_posted_once(self, world: World) -> None:
        posted = [
            await world.messenger.post(world.place, say("Once."), key="k1", reply_token=NO_TOKEN)
            for _ in range(2)
        ]
        assert posted[0] == posted[1]
        assert len(await world.read_texts(world.place)) == 1

    async def test_a_key_is_posted_once_across_restarts(self, world: World) -> None:
        first = await world.messenger.post(
            world.place, say("Once."), key="k1", reply_token=NO_TOKEN
        )
        await world.forget()
        second = await world.messenger.post(
            world.place, say("Once."), key="k1", reply_token=NO_TOKEN
        )
        assert first == second
        assert len(await world.read_texts(world.place)) == 1

    async def test_keys_are_told_apart(self, world: World) -> None:
        for key in ("k1", "k2"):
            await world.messenger.post(world.place, say(key), key=key, reply_token=NO_TOKEN)
        texts = await world.read_texts(world.place)
        assert len(texts) == 2
        assert "k1" in texts[0]
        assert "k2" in texts[1]

    async def test_an_edit_replaces_the_text(self, world: World) -> None:
        message = await world.messenger.post(
            world.place, say("Before."), key="k1", reply_token=NO_TOKEN
        )
        await world.messenger.edit(world.place, message, say("After."), reply_token=NO_TOKEN)
        (text,) = await world.read_texts(world.place)
        assert "After." in text
        assert "Before." not in text

    async def test_what_is_taken_back_is_gone_and_may_be_taken_back_again(
        self, world: World
    ) -> None:
        long = say("A sentence that goes on. " * 2_000)
        message = await world.messenger.post(world.place, long, key="k1", reply_token=NO_TOKEN)
        await world.messenger.post(world.place, say("Stays."), key="k2", reply_token=NO_TOKEN)
        for _ in range(2):
            await world.messenger.delete(world.place, message, reply_token=NO_TOKEN)
        (text,) = await world.read_texts(world.place)
        assert "Stays." in text

    async def test_controls_are_shown_below_the_text(self, world: World) -> None:
        button, more = Button("Show proof", "answer proof 1"), Button("Ask again", "answer again 1")
        reply = Reply(
            (Paragraph((Text("Twenty days."),)),),
            buttons=(button,),
            rating=Rating("answer good 1", "answer bad 1"),
            menu=(more,),
        )
        await world.messenger.post(world.place, reply, key="k1", reply_token=NO_TOKEN)
        many = tuple(Button(f"[{n}] A title", f"answer passage 1 {n}") for n in range(1, 26))
        chosen = replace(reply, menu=many, menu_label="Show the passage of…")
        await world.messenger.post(world.place, chosen, key="k2", reply_token=NO_TOKEN)
        texts = await world.read_texts(world.place)
        assert ["Twenty days." in text for text in texts] == [True, True]

    async def test_everything_that_a_reply_says_is_shown(self, world: World) -> None:
        await world.messenger.post(world.place, RICH, key="k1", reply_token=NO_TOKEN)
        text = "\n".join(await world.read_texts(world.place))
        for words in (
            "Leave",
            "Twenty",
            "days",
            "1",
            "more",
            "less",
            "one",
            "inner",
            "for x in y:",
            "cell2",
            "quoted",
            "Handbook",
            "3 days old",
            "No address",
            "The newest source is old.",
            "Quoted from the sources",
        ):
            assert words in text

    async def test_a_long_reply_is_shown_whole_and_in_order(self, world: World) -> None:
        words = [f"word{number}" for number in range(6_000)]
        reply = Reply(
            (
                Paragraph((Text(" ".join(words[:3_000])),)),
                CodeBlock("\n".join(words[3_000:]), "text"),
            )
        )
        await world.messenger.post(world.place, reply, key="k1", reply_token=NO_TOKEN)
        text = " ".join(await world.read_texts(world.place))
        positions = [text.find(word) for word in words[::500]]
        assert -1 not in positions
        assert positions == sorted(positions)

    async def test_a_long_reply_is_posted_once_too(self, world: World) -> None:
        reply = say("A sentence that goes on. " * 2_000)
        await world.messenger.post(world.place, reply, key="k1", reply_token=NO_TOKEN)
        before = await world.read_texts(world.place)
        await world.forget()
        await world.messenger.post(world.place, reply, key="k1", reply_token=NO_TOKEN)
        assert await world.read_texts(world.place) == before

    async def test_what_stands_twice_is_removed_but_for_the_one_that_counts(
        self, world: World
    ) -> None:
        def post(key: str) -> Awaitable[str]:
            return world.messenger.post(
                world.place, say(key), key=key, reply_token=NO_TOKEN, retry=False
            )

        standing = await post("k1")
        await world.forget()
        await post("k1")
        await post("k2")
        before = await world.read_texts(world.place)
        removed = await world.messenger.remove_twins(world.place, standing, key="k1")
        assert removed == len(before) - 2
        first, second = await world.read_texts(world.place)
        assert ("k1" in first, "k2" in second) == (True, True)
        assert await world.messenger.remove_twins(world.place, standing, key="k1") == 0

    async def test_a_closed_place_is_refused(self, world: World) -> None:
        with pytest.raises(DeliveryRefused):
            await world.messenger.post(
                world.closed_place, say("Hello."), key="k1", reply_token=NO_TOKEN
            )

    async def test_a_limit_is_told_with_its_time(self, world: World) -> None:
        await world.limit_next_call(7.0)
        with pytest.raises(RateLimited) as caught:
            await world.messenger.post(world.place, say("Hello."), key="k1", reply_token=NO_TOKEN)
        assert caught.value.retry_after >= 7.0

    async def test_nothing_is_seen_of_an_answer_before_it_is_shown(self, world: World) -> None:
        assert self.open(world) is not None
        assert not await world.read_texts(world.place)

    async def test_an_answer_is_seen_growing_in_one_message(self, world: World) -> None:
        live = self.open(world)
        await live.show(Draft(("Searching for leave",), "", STOP))
        (text,) = await world.read_texts(world.place)
        assert "Searching for leave" in text
        steps = ("Searching for leave", "Writing")
        await live.show(Draft(steps, "Twenty days of ", STOP))
        await live.show(Draft(steps, "Twenty days of leave, and more. ", STOP))
        (text,) = await world.read_texts(world.place)
        assert "Twenty days of leave, and" in text

    async def test_a_post_takes_the_place_of_the_live_answer(self, world: World) -> None:
        shown = await self.open(world).show(Draft(("Searching",), "Perhaps ten days. ", STOP))
        for _ in range(2):  # a post may be repeated
            posted = await world.messenger.post(
                world.place, say("Twenty days."), key="k1", reply_token=READER, draft=shown
            )
            (text,) = await world.read_texts(world.place)
            assert "Twenty days." in text
            assert "ten days" not in text
        assert posted

    async def test_an_answer_is_gone_on_with_after_a_restart(self, world: World) -> None:
        shown = await self.open(world).show(Draft(("Searching",), "Perhaps ", STOP))
        await world.forget()
        live = self.open(world, draft=shown)
        again = await live.show(Draft(("Searching", "Writing"), "Twenty days, ", STOP))
        (text,) = await world.read_texts(world.place)
        assert "Twenty days" in text
        await world.messenger.post(
            world.place, say("Final."), key="k1", reply_token=READER, draft=again
        )
        (text,) = await world.read_texts(world.place)
        assert "Final." in text

    async def test_a_live_answer_that_nobody_wrote_down_is_found(self, world: World) -> None:
        await self.open(world).show(Draft(("Searching",), "Perhaps ", STOP))
        await world.forget()
        await self.open(world, draft="").show(Draft(("Searching",), "Twenty days, ", STOP))
        assert len(await world.read_texts(world.place)) == 1
        await world.forget()
        await world.messenger.post(
            world.place, say("Final."), key="k1", reply_token=READER, retry=True
        )
        (text,) = await world.read_texts(world.place)
        assert "Final." in text
        assert "Perhaps" not in text

    async def test_a_long_answer_takes_the_place_of_a_live_one(self, world: World) -> None:
        shown = await self.open(world).show(Draft(("Searching",), "Perhaps ", STOP))
        reply = say("A sentence that goes on. " * 2_000)
        for _ in range(2):
            await world.messenger.post(
                world.place, reply, key="k1", reply_token=READER, draft=shown
            )
        texts = await world.read_texts(world.place)
        assert "Perhaps" not in texts[0]
        assert sum(text.count("A sentence that goes on.") for text in texts) >= 2_000
        assert sum(text.count("A sentence that goes on.") for text in texts) < 4_500

    async def test_what_is_not_checked_yet_shows_no_links(self, world: World) -> None:
        draft = "See [here](https://evil.example/x) and https://evil.example [1] <@U1> "
        await self.open(world).show(Draft(("Searching",), draft, STOP))
        (text,) = await world.read_texts(world.place)
        assert "evil" not in text
        assert "here" in text
        assert "[1]" not in text

    def open(self, world: World, *, draft: str | None = None) -> LiveAnswer:
        live = world.messenger.open_answer(
            world.place, key="k1", reply_token=READER, private=False, draft=draft
        )
        assert live is not None
        return live

    async def test_activity_never_raises(self, world: World) -> None:
        await world.messenger.show_activity(world.place, "Searching the sources")
        await world.messenger.show_activity(world.closed_place, "Searching the sources")
        assert not await world.read_texts(world.place)
