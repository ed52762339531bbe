"""The Discord emulator as the real discord.py client meets it."""

import asyncio
import contextlib
import functools
import io
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from tests.emulators.discord import DiscordDriverClient, DiscordEmulator, DriverError

QUICK = {"max_ratelimit_timeout": 30.0, "guild_ready_timeout": 0.05}


class ZlibContext:
    """zlib-stream as discord.py reads it where zstandard is missing."""

    COMPRESSION_TYPE = "zlib-stream"

    def __init__(self) -> None:
        self.stream = zlib.decompressobj()

    def decompress(self, data: bytes, /) -> str | None:
        assert data.endswith(b"\x00\x00\xff\xff")
        return self.stream.decompress(data).decode()


class Bot(discord.Client):
    """A bot that keeps what it heard; `answer` is called with each message of somebody else."""

    def __init__(self, *, intents: discord.Intents | None = None, **options: Any) -> None:
        super().__init__(intents=intents or discord.Intents.default(), **QUICK, **options)
        self.heard: list[discord.Message] = []
        self.events: list[str] = []
        self.tree = app_commands.CommandTree(self)
        self.answer: Callable[[discord.Message], Awaitable[Any]] | None = None

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord's pause of 5 s between identifies is not needed here."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author.id == self.user.id:
            return
        self.heard.append(message)
        if self.answer is not None:
            await self.answer(message)

    async def on_socket_event_type(self, name: str) -> None:
        self.events.append(name)


class ShardedBot(Bot, discord.AutoShardedClient):
    """The same over several shards."""


@pytest.fixture
async def emulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator() as running:
        redirect(monkeypatch, running)
        yield running


def redirect(monkeypatch: pytest.MonkeyPatch, emulator: DiscordEmulator) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", emulator.api_url)
    url = yarl.URL(emulator.gateway_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", url)


@contextlib.asynccontextmanager
async def online(bot: Bot, emulator: DiscordEmulator) -> AsyncIterator[Bot]:
    """The bot logged in and ready; it has left when the block ends."""
    task = asyncio.create_task(bot.start(emulator.bot_token))
    ready = asyncio.create_task(bot.wait_until_ready())
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        if task.done():
            task.result()
        assert ready.done(), "the bot did not become ready"
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.gather(task, ready, return_exceptions=True)


def channel(bot: discord.Client, name: str) -> Any:
    return next(found for found in bot.get_all_channels() if found.name == name)


async def until(
    emulator: DiscordEmulator, condition: Callable[[], Any], timeout: float = 10
) -> Any:
    """Wait for something the bot did in its own memory."""

    async def wait() -> Any:
        while not (value := condition()):
            await asyncio.sleep(0.01)
        return value

    return await asyncio.wait_for(wait(), timeout)


async def happened(emulator: DiscordEmulator, kind: str, times: int) -> None:
    """Wait until the journal has so many entries of a kind."""
    await emulator.journal.wait_for(lambda: len(emulator.journal.of_kind(kind)) >= times, 20)


# connections


@pytest.mark.parametrize("compression", ["plain", "zlib-stream", "zstd-stream"])
async def test_round_trip_under_each_compression(
    emulator: DiscordEmulator, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    connect = DiscordWebSocket.from_client.__func__
    if compression == "plain":
        plain = classmethod(functools.partial(_connect_plain, connect))
        monkeypatch.setattr(DiscordWebSocket, "from_client", plain)
    elif compression == "zlib-stream":
        monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", ZlibContext)
    else:
        active = discord.utils._ActiveDecompressionContext
        assert active.COMPRESSION_TYPE == "zstd-stream"
    bot = Bot()
    bot.answer = lambda message: message.reply(f"you said {message.clean_content}")
    async with online(bot, emulator):
        question = await emulator.driver.mention("ben", "#general", "grüße 👋")
        answer = await emulator.driver.wait_for_reply(question)
        assert answer["content"] == "you said @Footnote grüße 👋"
        second = await emulator.driver.mention("ben", "#general", "x" * 1900)
        assert "x" * 1900 in (await emulator.driver.wait_for_reply(second))["content"]


async def _connect_plain(connect: Any, cls: type, client: Any, **options: Any) -> Any:
    return await connect(cls, client, **options, compress=False)


async def test_wrong_token_is_refused(emulator: DiscordEmulator) -> None:
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_privileged_intents_must_be_granted(emulator: DiscordEmulator) -> None:
    await emulator.driver.set_privileged_intents(["message_content"])
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with online(Bot(intents=discord.Intents.all()), emulator):
            pytest.fail("the bot must not get in")


async def test_content_is_withheld_without_the_intent(emulator: DiscordEmulator) -> None:
    with_content = discord.Intents.default()
    with_content.message_content = True
    blind, seeing = Bot(), Bot(intents=with_content)
    async with online(blind, emulator), online(seeing, emulator):
        await emulator.driver.post("ben", "#general", "between people")
        await emulator.driver.mention("ben", "#general", "to the bot")
        await emulator.driver.post("ben", "@bot", "directly")
        await until(emulator, lambda: len(blind.heard) == len(seeing.heard) == 3)
    assert [message.content for message in seeing.heard] == [
        "between people",
        f"<@{seeing.user.id}> to the bot",
        "directly",
    ]
    assert [bool(message.content) for message in blind.heard] == [False, True, True]
    assert isinstance(blind.heard[2].channel, discord.DMChannel)


async def test_members_are_chunked_and_role_changes_arrive(emulator: DiscordEmulator) -> None:
    intents = discord.Intents.default()
    intents.members = True
    async with online(Bot(intents=intents), emulator) as bot:
        guild = bot.guilds[0]
        assert {member.name for member in guild.members} == {
            "olivia",
            "ada",
            "ben",
            "chloe",
            "Footnote",
        }
        ada, ben = (discord.utils.get(guild.members, name=name) for name in ("ada", "ben"))
        assert ada.guild_permissions.manage_guild
        assert not ben.guild_permissions.manage_guild
        assert not channel(bot, "leads").permissions_for(ben).view_channel
        await emulator.driver.set_roles("ben", ["Leads"])
        await until(emulator, lambda: channel(bot, "leads").permissions_for(ben).view_channel)
        dora = await emulator.driver.add_user("dora")
        await until(emulator, lambda: guild.get_member(int(dora["id"])))


# messages


async def test_reply_pings_unless_told_otherwise(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        question = await emulator.driver.mention("ben", "#general", "ping?")
        message = await until(emulator, lambda: bot.heard and bot.heard[0])
        loud = await message.reply("yes <@&1>")
        quiet = await message.reply(
            f"@everyone <@{message.author.id}> no",
            allowed_mentions=discord.AllowedMentions.none(),
        )
        assert loud.reference.message_id == int(question["id"])
        assert [person.name for person in loud.mentions] == ["ben"]
        assert quiet.mentions == []
        assert not quiet.mention_everyone
        assert loud.reference.resolved.author.name == "ben"


async def test_one_nonce_makes_one_message(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        place = channel(bot, "general")
        sent = await asyncio.gather(*(place.send("once", nonce="key-1") for _ in range(5)))
        other = await place.send("once", nonce="key-2")
        await emulator.driver.advance(301)
        later = await place.send("once", nonce="key-1")
    assert len({message.id for message in sent}) == 1
    assert len({sent[0].id, other.id, later.id}) == 3
    assert len(await emulator.driver.messages("#general")) == 3


async def test_edit_delete_react_and_type(emulator: DiscordEmulator) -> None:
    intents = discord.Intents.default()
    intents.message_content = True
    async with online(Bot(intents=intents), emulator) as bot:
        place = channel(bot, "general")
        message = await place.send("first")
        await message.edit(content="second", embed=discord.Embed(description="more"))
        await message.add_reaction("👍")
        await place.typing()
        line = (await emulator.driver.transcript("#general"))[0]
        assert line["text"] == "second\nmore"
        assert line["edited"]
        assert line["reactions"] == {"👍": ["Footnote"]}
        assert emulator.journal.of_kind("discord.typing")

        edits, deletions, reactions = [], [], []
        bot.on_raw_message_edit = _collect(edits)
        bot.on_raw_message_delete = _collect(deletions)
        bot.on_raw_reaction_add = _collect(reactions)
        said = await emulator.driver.post("ben", "#general", "before")
        await emulator.driver.edit("ben", said, "after")
        await emulator.driver.react("chloe", message.id, "👎")
        await emulator.driver.delete("ben", said)
        await until(emulator, lambda: edits and deletions and reactions)
        # The bot's own edit and the mark of a thread arrive here as well.
        assert edits[-1].message.content == "after"
        assert deletions[0].message_id == int(said["id"])
        assert str(reactions[0].emoji) == "👎"
        await message.delete()
        assert (await emulator.driver.message(message.id))["deleted"]


def _collect(into: list[Any]) -> Callable[[Any], Awaitable[None]]:
    async def listener(event: Any) -> None:
        into.append(event)

    return listener


async def test_files_travel_both_ways(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        file = {"filename": "notes.txt", "text": "two weeks"}
        await emulator.driver.mention("ben", "#general", "read this", attachments=[file])
        message = await until(emulator, lambda: bot.heard and bot.heard[0])
        assert await message.attachments[0].read() == b"two weeks"
        sent = await message.channel.send(
            "back", file=discord.File(io.BytesIO(b"abc"), filename="a.bin")
        )
        assert (sent.attachments[0].filename, sent.attachments[0].size) == ("a.bin", 3)
        kept = await sent.edit(content="still", attachments=sent.attachments)
        assert await kept.attachments[0].read() == b"abc"


async def test_history_pages_in_both_directions(emulator: DiscordEmulator) -> None:
    posted = [await emulator.driver.post("ben", "#help", f"m{n}") for n in range(250)]
    cursor = discord.Object(int(posted[99]["id"]))
    async with online(Bot(), emulator) as bot:
        place = channel(bot, "help")
        newest = [message.content async for message in place.history(limit=120)]
        assert newest == [f"m{n}" for n in range(249, 129, -1)]
        after = [m.content async for m in place.history(after=cursor, limit=None)]
        assert after == [f"m{n}" for n in range(100, 250)]
        before = [m.content async for m in place.history(before=cursor, limit=3)]
        assert before == ["m98", "m97", "m96"]
        around = [m.content async for m in place.history(around=cursor, limit=3)]
        assert sorted(around) == ["m100", "m98", "m99"]


async def test_direct_messages(emulator: DiscordEmulator) -> None:
    bot = Bot()
    bot.answer = lambda message: message.channel.send("in private")
    async with online(bot, emulator):
        question = await emulator.driver.post("ben", "@bot", "hello")
        assert (await emulator.driver.wait_for_reply(question))["content"] == "in private"
        chloe = await bot.fetch_user(emulator.world.find_user("chloe").id)
        await chloe.send("good morning")
        assert (await emulator.driver.messages("@chloe"))[0]["content"] == "good morning"
        await emulator.driver.set_accepts_direct("chloe", accepts=False)
        with pytest.raises(discord.Forbidden) as refused:
            await chloe.send("again")
        assert refused.value.code == 50007


# threads


async def test_thread_from_a_message(emulator: DiscordEmulator) -> None:
    bot = Bot()

    async def answer(message: discord.Message) -> None:
        if not isinstance(message.channel, discord.Thread):
            thread = await message.create_thread(name="Trial", auto_archive_duration=60)
            await thread.send("in the thread")
        else:
            await message.channel.send("again in the thread")

    bot.answer = answer
    async with online(bot, emulator):
        question = await emulator.driver.mention("ben", "#general", "how long?")
        first = await emulator.driver.wait_for_reply(question)
        assert first["channel_id"] == question["id"]
        follow = await emulator.driver.mention("ben", question["id"], "and then?")
        assert (await emulator.driver.wait_for_reply(follow))["content"] == "again in the thread"
        with pytest.raises(discord.HTTPException) as refused:
            await bot.heard[0].create_thread(name="twice")
        assert refused.value.code == 160004
        await emulator.driver.set_thread(question["id"], archived=True)
        thread = bot.get_channel(int(question["id"])) or await bot.fetch_channel(
            int(question["id"])
        )
        await thread.send("wakes it up")
        assert not emulator.world.channels[int(question["id"])].archived
        starter = await anext(thread.history(oldest_first=True))
        assert starter.type is discord.MessageType.thread_starter_message
    [line] = [e for e in await emulator.driver.transcript("#general") if "thread" in e]
    assert line["thread"]["name"] == "Trial"
    assert line["thread"]["messages"][0]["text"] == "in the thread"


async def test_forum_posts_from_both_sides(emulator: DiscordEmulator) -> None:
    bot = Bot()
    bot.answer = lambda message: message.channel.send("answered")
    async with online(bot, emulator):
        post = await emulator.driver.create_post(
            "ben", "#questions", "Trial?", "@Footnote how long?", tags=("open",)
        )
        answer = await emulator.driver.wait_for_message(post["id"])
        assert answer["content"] == "answered"
        heard = bot.heard[0]
        assert heard.id == heard.channel.id
        assert [tag.name for tag in heard.channel.applied_tags] == ["open"]
        forum = channel(bot, "questions")
        made = await forum.create_thread(name="From the bot", content="first")
        assert made.message.content == "first"
        assert made.thread.parent == forum


async def test_private_threads_are_seen_by_members_only(emulator: DiscordEmulator) -> None:
    bot = Bot()
    async with online(bot, emulator):
        emulator.world.bot_role(emulator.world.find_guild()).permissions &= ~(1 << 34)
        thread = await emulator.driver.create_thread("ben", "#general", "secret", private=True)
        await emulator.driver.post("ben", thread["id"], "unheard")
        await emulator.driver.mention("ben", thread["id"], "heard")
        await until(emulator, lambda: bot.heard)
        assert "heard" in bot.heard[0].content
        with pytest.raises(DriverError):
            await emulator.driver.post("chloe", thread["id"], "let me in")


# interactions


def _tree(bot: Bot) -> None:
    @bot.tree.command(description="Ask")
    @app_commands.describe(question="What?")
    async def ask(
        interaction: discord.Interaction,
        question: app_commands.Range[str, 2, 50],
        source: str = "all",
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content=f"{source}: {question}")
        await interaction.followup.send("one more", ephemeral=True)

    @ask.autocomplete("source")
    async def complete(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}{n}", value=str(n)) for n in range(3)]

    @bot.tree.command(description="Sync")
    @app_commands.default_permissions(manage_guild=True)
    async def sync(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("3 documents")

    settings = app_commands.Group(name="channel", description="Settings")

    @settings.command(name="set", description="Set")
    async def set_channel(
        interaction: discord.Interaction,
        where: discord.TextChannel,
        who: discord.Member,
        role: discord.Role,
        count: int,
        *,
        loud: bool,
    ) -> None:
        text = f"{where.name} {who.name} {role.name} {count} {loud}"
        await interaction.response.send_message(text)

    bot.tree.add_command(settings)

    @bot.tree.context_menu(name="Answer this")
    async def answer_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"about: {message.content}", ephemeral=True)

    @bot.tree.context_menu(name="Who")
    async def who_is(interaction: discord.Interaction, member: discord.Member) -> None:
        await interaction.response.send_message(member.display_name)


async def test_slash_command_defer_edit_follow_up(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        _tree(bot)
        await bot.tree.sync()
        begun = await emulator.driver.slash("ben", "#general", "ask", {"question": "trial?"})
        view = await emulator.driver.wait_for_response(
            begun, predicate=lambda seen: len(seen["followups"]) == 1
        )
        assert view["response_type"] == 5
        assert view["ephemeral"]
        assert view["original"]["content"] == "all: trial?"
        assert view["followups"][0]["content"] == "one more"
        assert view["original"]["interaction_metadata"]["user"]["username"] == "ben"
        assert [m async for m in channel(bot, "general").history()] == []
        lines = await emulator.driver.transcript("#general")
        assert [line["only_for"] for line in lines] == ["Ben", "Ben"]


async def test_slash_command_in_direct_messages(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        _tree(bot)
        await bot.tree.sync()
        begun = await emulator.driver.slash("ben", "@bot", "ask", {"question": "privately"})
        view = await emulator.driver.wait_for_response(begun)
        assert view["original"]["content"] == "all: privately"


async def test_sub_command_with_resolved_options(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        _tree(bot)
        await bot.tree.sync()
        options = {"where": "#help", "who": "chloe", "role": "Leads", "count": 4, "loud": True}
        begun = await emulator.driver.slash("ben", "#general", "channel set", options)
        view = await emulator.driver.wait_for_response(begun)
        assert view["original"]["content"] == "help chloe Leads 4 True"


@pytest.mark.parametrize(
    ("user", "command", "options", "complaint"),
    [
        ("ben", "sync", {}, "does not see"),
        ("ben", "nothing", {}, "no command"),
        ("ben", "ask", {}, "required"),
        ("ben", "ask", {"question": "q"}, "out of its limits"),
        ("ben", "ask", {"question": 7}, "another type"),
        ("ben", "ask", {"question": "why?", "more": 1}, "unknown options"),
        ("ben", "channel", {}, "needs a subcommand"),
        ("ben", "channel drop", {}, "no subcommand"),
    ],
)
async def test_what_the_client_does_not_let_through(
    emulator: DiscordEmulator, user: str, command: str, options: dict[str, Any], complaint: str
) -> None:
    bot = Bot()
    async with bot:
        await bot.login(emulator.bot_token)
        _tree(bot)
        await bot.tree.sync()
        with pytest.raises(DriverError, match=complaint):
            await emulator.driver.slash(user, "#general", command, options)


async def test_admin_command_runs_for_an_admin(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        _tree(bot)
        first = {command.name: command.id for command in await bot.tree.sync()}
        assert {command.name: command.id for command in await bot.tree.sync()} == first
        for user in ("ada", "olivia"):
            view = await emulator.driver.slash(user, "#general", "sync")
            view = await emulator.driver.wait_for_response(view)
            assert view["original"]["content"] == "3 documents"
            assert not view["ephemeral"]


async def test_autocomplete(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        _tree(bot)
        await bot.tree.sync()
        begun = await emulator.driver.autocomplete("ben", "#general", "ask", "source", "do")
        view = await emulator.driver.wait_for_response(begun, ("choices",))
        assert [choice["name"] for choice in view["choices"]] == ["do0", "do1", "do2"]


async def test_context_menus(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        _tree(bot)
        await bot.tree.sync()
        said = await emulator.driver.post("chloe", "#general", "how long is the trial?")
        begun = await emulator.driver.context_menu("ben", "Answer this", message=said)
        view = await emulator.driver.wait_for_response(begun)
        assert view["original"]["content"] == "about: how long is the trial?"
        begun = await emulator.driver.context_menu("ben", "Who", target="chloe", channel="#general")
        view = await emulator.driver.wait_for_response(begun)
        assert view["original"]["content"] == "Chloe"


class Vote(discord.ui.DynamicItem[discord.ui.Button], template=r"vote:(?P<way>up|down)"):
    """A button that survives a restart."""

    def __init__(self, way: str) -> None:
        super().__init__(discord.ui.Button(label=f"Vote {way}", custom_id=f"vote:{way}"))
        self.way = way

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> "Vote":
        return cls(match["way"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"voted {self.way}", ephemeral=True)


async def test_dynamic_button_survives_a_restart(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        view = discord.ui.View(timeout=None)
        view.add_item(Vote("up")).add_item(Vote("down"))
        sent = await channel(bot, "general").send("good?", view=view)
    fresh = Bot()
    fresh.add_dynamic_items(Vote)
    async with online(fresh, emulator):
        begun = await emulator.driver.click("ben", sent.id, "Vote down")
        answer = await emulator.driver.wait_for_response(begun)
        assert answer["original"]["content"] == "voted down"
        metadata = answer["original"]["interaction_metadata"]
        assert metadata["interacted_message_id"] == str(sent.id)
        with pytest.raises(DriverError, match="no component"):
            await emulator.driver.click("ben", sent.id, "Vote sideways")


class Reason(discord.ui.Modal, title="What was wrong?"):
    why = discord.ui.TextInput(label="Why", max_length=20)
    source = discord.ui.Label(
        text="Source",
        component=discord.ui.Select(
            options=[discord.SelectOption(label="Docs"), discord.SelectOption(label="Wiki")]
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        text = f"{self.why.value} {self.source.component.values[0]}"
        await interaction.response.edit_message(content=text, view=None)


class Panel(discord.ui.View):
    @discord.ui.button(label="Why?")
    async def ask(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Reason())

    @discord.ui.select(options=[discord.SelectOption(label="A"), discord.SelectOption(label="B")])
    async def pick(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"picked {select.values[0]}")


async def test_button_opens_a_modal_and_select_edits(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        sent = await channel(bot, "general").send("panel", view=Panel(timeout=None))
        begun = await emulator.driver.choose("ben", sent.id, ["B"])
        picked = await emulator.driver.wait_for_response(
            begun, predicate=lambda view: view["original"]["content"] == "picked B"
        )
        assert picked["original"]["id"] == str(sent.id)
        begun = await emulator.driver.click("ben", sent.id, "Why?")
        opened = await emulator.driver.wait_for_response(begun, ("modal",))
        assert opened["modal"]["title"] == "What was wrong?"
        for wrong in ({}, {"Why": "x" * 21, "Source": ["Docs"]}, {"Nothing": "x"}):
            with pytest.raises(DriverError):
                await emulator.driver.submit_modal("ben", begun, wrong)
        values = {"Why": "too old", "Source": ["Wiki"]}
        submitted = await emulator.driver.submit_modal("ben", begun, values)
        done = await emulator.driver.wait_for_response(submitted)
        assert done["original"]["content"] == "too old Wiki"
        assert (await emulator.driver.message(sent.id))["components"] == []


async def test_components_v2(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        view = discord.ui.LayoutView(timeout=None)
        box = discord.ui.Container(discord.ui.TextDisplay("## Two weeks"))
        box.add_item(
            discord.ui.Section(
                "[1] Trial", accessory=discord.ui.Button(label="Open", custom_id="o")
            )
        )
        view.add_item(box)
        sent = await channel(bot, "general").send(view=view)
        [line] = await emulator.driver.transcript("#general")
        assert line["text"] == "## Two weeks\n[1] Trial"
        assert [control["label"] for control in line["controls"]] == ["Open"]
        with pytest.raises(discord.HTTPException, match="LEGACY_FIELDS|cannot be used"):
            await sent.edit(content="words beside it")


async def test_answer_twice_too_late_or_for_too_long(emulator: DiscordEmulator) -> None:
    caught: list[discord.Interaction] = []
    bot = Bot()

    @bot.tree.command(description="Keep")
    async def keep(interaction: discord.Interaction) -> None:
        caught.append(interaction)

    async with online(bot, emulator):
        await bot.tree.sync()
        begun = await emulator.driver.slash("ben", "#general", "keep")
        first = await until(emulator, lambda: caught and caught.pop())
        await first.response.send_message("quick")
        again = await emulator.driver.interaction(begun)
        assert again["status"] == "answered"
        await emulator.driver.redeliver_interaction(begun)
        twin = await until(emulator, lambda: caught and caught.pop())
        with pytest.raises(discord.HTTPException) as refused:
            await twin.response.send_message("twice")
        assert refused.value.code == 40060

        await emulator.driver.advance(15 * 60 - 2)
        await first.followup.send("still in time")
        await emulator.driver.advance(3)
        with pytest.raises(discord.HTTPException) as refused:
            await first.followup.send("expired")
        assert (refused.value.status, refused.value.code) == (401, 50027)

        begun = await emulator.driver.slash("ben", "#general", "keep")
        late = await until(emulator, lambda: caught and caught.pop())
        with pytest.raises(discord.NotFound) as refused:
            await late.followup.send("before the answer")
        assert refused.value.code == 10015
        await emulator.driver.advance(3.1)
        assert (await emulator.driver.interaction(begun))["status"] == "failed"
        with pytest.raises(discord.NotFound) as refused:
            await late.response.send_message("late")
        assert refused.value.code == 10062


# rights


async def test_permission_errors(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        general, vault = channel(bot, "general"), channel(bot, "vault")
        codes = []
        for attempt in (
            lambda: vault.send("hello"),
            lambda: vault.fetch_message(1),
            lambda: bot.fetch_channel(1),
            lambda: general.fetch_message(1),
        ):
            with pytest.raises(discord.HTTPException) as refused:
                await attempt()
            codes.append((refused.value.status, refused.value.code))
        assert codes == [(403, 50001), (403, 50001), (404, 10003), (404, 10008)]

        await emulator.driver.set_overwrite("#general", "Footnote", deny=("send_messages",))
        with pytest.raises(discord.Forbidden) as refused:
            await general.send("hello")
        assert refused.value.code == 50013
        said = await emulator.driver.mention("ben", "#general", "mine")
        message = await general.fetch_message(int(said["id"]))
        with pytest.raises(discord.Forbidden) as refused:
            await message.edit(content="not yours")
        assert refused.value.code == 50005


async def test_events_of_hidden_channels_stay_hidden(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        await emulator.driver.mention("ada", "#vault", "secret")
        await emulator.driver.mention("ada", "#leads", "shared")
        await until(emulator, lambda: bot.heard)
        assert [message.channel.name for message in bot.heard] == ["leads"]
        with pytest.raises(DriverError, match="view_channel"):
            await emulator.driver.post("ben", "#leads", "let me in")


# failures


BREAKS = ["close 4000", "op 7", "abort", "op 9 resumable"]


async def _break(emulator: DiscordEmulator, how: str) -> None:
    driver = emulator.driver
    if how == "close 4000":
        await driver.close_gateway(4000)
    elif how == "op 7":
        await driver.ask_reconnect()
    elif how == "abort":
        await driver.abort_gateway()
    else:
        await driver.invalidate_sessions(resumable=True)


@pytest.mark.parametrize("how", BREAKS)
async def test_nothing_is_lost_over_a_resume(emulator: DiscordEmulator, how: str) -> None:
    async with online(Bot(), emulator) as bot:
        for turn in range(3):
            await emulator.driver.mention("ben", "#general", f"{turn} before")
            await _break(emulator, how)
            await emulator.driver.mention("ben", "#general", f"{turn} while away")
            await happened(emulator, "discord.resumed", turn + 1)
            await emulator.driver.mention("ben", "#general", f"{turn} after")
        await until(emulator, lambda: len(bot.heard) >= 9)
        said = [message.content.split("> ")[1] for message in bot.heard]
        assert said == [f"{t} {w}" for t in range(3) for w in ("before", "while away", "after")]
        assert len(emulator.journal.of_kind("discord.identified")) == 1


async def test_half_open_connection_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordEmulator(heartbeat_interval=0.1) as emulator:
        redirect(monkeypatch, emulator)
        async with online(Bot(heartbeat_timeout=0.5), emulator) as bot:
            await emulator.driver.mute_gateway()
            await emulator.driver.mention("ben", "#general", "anyone?")
            await happened(emulator, "discord.resumed", 1)
            await until(emulator, lambda: bot.heard)
            assert len(bot.heard) == 1


@pytest.mark.parametrize("how", ["op 9", "expired"])
async def test_a_lost_session_is_identified_anew_and_backfilled(
    emulator: DiscordEmulator, how: str
) -> None:
    async with online(Bot(), emulator) as bot:
        before = await emulator.driver.mention("ben", "#general", "before")
        await until(emulator, lambda: bot.heard)
        if how == "op 9":
            await emulator.driver.invalidate_sessions()
            await emulator.driver.mention("ben", "#general", "missed")
        else:
            await emulator.driver.close_gateway(4000)
            await emulator.driver.mention("ben", "#general", "missed")
            await emulator.driver.advance(61)
        await happened(emulator, "discord.identified", 2)
        await emulator.driver.mention("ben", "#general", "after")
        await until(emulator, lambda: len(bot.heard) == 2)
        assert [message.content[-6:] for message in bot.heard] == ["before", " after"]
        place = channel(bot, "general")
        cursor = discord.Object(int(before["id"]))
        found = [message.content[-6:] async for message in place.history(after=cursor)]
        assert found == ["missed", " after"]


async def test_rate_limit_is_waited_for(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        place = channel(bot, "general")
        await emulator.driver.add_fault("rate_limit", "POST", "/channels/*/messages", times=2)
        await emulator.driver.add_fault(
            "rate_limit", "POST", "/channels/*/messages", scope="global"
        )
        assert (await place.send("through")).content == "through"
        assert await emulator.driver.pending_faults() == 0
        await emulator.driver.add_fault("rate_limit", "POST", "/channels/*/messages", via=False)
        with pytest.raises(discord.HTTPException) as refused:
            await place.send("blocked")
        assert refused.value.status == 429


async def test_real_bucket_slows_a_channel_down(emulator: DiscordEmulator) -> None:
    await emulator.driver.set_rate_limit("messages.create", 2, 0.3)
    async with online(Bot(), emulator) as bot:
        place = channel(bot, "general")
        await asyncio.gather(*(place.send(str(n)) for n in range(6)))
    sends = [
        entry.data["status"]
        for entry in emulator.journal.of_kind("discord.request")
        if entry.data["method"] == "POST"
    ]
    # discord.py keeps within the limit by the headers alone: nothing had to be refused.
    assert sends == [200] * 6


async def test_server_error_and_lost_response(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        place = channel(bot, "general")
        await emulator.driver.add_fault("error", "POST", "/channels/*/messages", status=502)
        assert await place.send("retried")
        await emulator.driver.add_fault("reset", "POST", "/channels/*/messages")
        with pytest.raises((OSError, aiohttp.ClientError)):
            await place.send("never arrived")
        await emulator.driver.add_fault("lost", "POST", "/channels/*/messages")
        with pytest.raises((OSError, aiohttp.ClientError)):
            await place.send("arrived", nonce="n1")
        again = await place.send("arrived", nonce="n1")
        await emulator.driver.add_fault("timeout", "GET", "/channels/*/messages/*")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(place.fetch_message(again.id), 0.2)
    lines = await emulator.driver.transcript("#general")
    assert [line["content"] for line in lines] == ["retried", "arrived"]


async def test_two_replicas_hear_everything_and_duplicates_arrive(
    emulator: DiscordEmulator,
) -> None:
    first, second = Bot(), Bot()
    async with online(first, emulator), online(second, emulator):
        said = await emulator.driver.mention("ben", "#general", "to both")
        await emulator.driver.redeliver(said)
        await until(emulator, lambda: len(first.heard) == len(second.heard) == 2)
        assert {message.id for message in first.heard + second.heard} == {int(said["id"])}


async def test_shards_get_their_guilds(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordEmulator(shards=2) as emulator:
        redirect(monkeypatch, emulator)
        for number in range(6):
            # Guild ids differ in their upper bits only from one millisecond to the next.
            await emulator.driver.advance(0.001)
            await emulator.driver.add_guild(f"Guild {number}", "olivia", members=("ben",))
        async with online(ShardedBot(), emulator) as bot:
            assert bot.shard_count == 2
            assert len(bot.guilds) == 7
            for guild in bot.guilds:
                where = f"{guild.name}/#general"
                await emulator.driver.mention("ben", where, guild.name)
            await until(emulator, lambda: len(bot.heard) == 7)
            shards = {message.guild.shard_id for message in bot.heard}
            assert shards == {(guild.id >> 22) % 2 for guild in bot.guilds}


async def test_application_and_guilds(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        info = await bot.application_info()
        assert (info.name, info.owner.name) == ("Footnote", "olivia")
        assert info.flags.gateway_message_content
        guild = await bot.fetch_guild(bot.guilds[0].id)
        assert {role.name for role in guild.roles} == {"@everyone", "Footnote", "Admins", "Leads"}
        member = await guild.fetch_member(emulator.world.find_user("ben").id)
        assert member.display_name == "Ben"
        other = await emulator.driver.add_guild("Second", "ada")
        await until(emulator, lambda: bot.get_guild(int(other["id"])))
        await emulator.driver.remove_member("Footnote", "Second")
        await until(emulator, lambda: bot.get_guild(int(other["id"])) is None)


# the driver over HTTP


async def test_driver_client_from_another_process(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot, DiscordDriverClient(emulator.driver_url) as people:
        bot.answer = lambda message: message.reply("42")
        _tree(bot)
        await bot.tree.sync()
        await people.wait_until_connected(1)
        question = await people.mention("ben", "#general", "how many?", attachments=None)
        answer = await people.wait_for_reply(question, lambda found: found["content"] == "42")
        assert answer["author"]["bot"]
        begun = await people.slash("ben", "#general", "ask", {"question": "trial?"})
        view = await people.wait_for_response(begun)
        assert view["original"]["text"] == "all: trial?"
        lines = await people.transcript(channel="#general")
        assert lines[1]["reply_to"] == lines[0]["id"]
        url = f"{emulator.driver_url}/transcript?channel=%23general"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert (await response.json())["result"] == lines
        assert (await people.journal(kind="discord.interaction"))[0]["data"]["user"] == "ben"
        with pytest.raises(DriverError, match="no channel"):
            await people.post("ben", "#nowhere", "hello")
        with pytest.raises(TimeoutError, match="no such message"):
            await people.wait_for_message("#help", timeout=0.1)
