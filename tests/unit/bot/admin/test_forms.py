"""Forms for admins: who gets one, what is checked, what is done, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.admin.channel_form import ChannelForm
from bot.admin.forms import AdminForms
from bot.channels.book import ChannelBook
from bot.channels.editor import ChannelEditor
from bot.model import ChannelKind, ChannelSettings, Command, Person, Platform, Submission
from bot.ports import Rejected
from bot.rendering.discord_form import render_form as render_for_discord
from bot.rendering.form import Form
from bot.rendering.plain import render_plain
from bot.rendering.reply import Button, Reply
from bot.rendering.slack_form import render_form as render_for_slack
from bot.rights import Rights
from retrieval.errors import InvalidField, InvalidSource, SourceUnreadable
from retrieval.model import EVERYONE, SourceTrial, TenantId
from retrieval.sources.fields import Field as Setting
from retrieval.sources.fields import FieldKind
from retrieval.sources.registry import KINDS, SourceKind
from tests.emulators.discord.components import check_modal
from tests.emulators.slack.validators import check_view
from tests.fakes.channels import InMemoryChannelStore, InMemoryPreferences
from tests.fakes.intake import InMemoryAudit, InMemoryWorkspaces
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messages import make_command, make_place
from tests.fakes.messenger import InMemoryDirectory

SECRET = "canary-7f3a"
WIKI = SourceKind(
    label="Wiki",
    description="the pages of a wiki",
    fields=(
        Setting("url", "Address", "Where the wiki is.", is_required=True),
        Setting("token", "Token", "A token that may read.", is_required=True, is_secret=True),
        Setting("spaces", "Spaces", "Only these.", kind=FieldKind.LIST, example="HR"),
        Setting("depth", "Depth", "Links followed.", kind=FieldKind.NUMBER, default=3),
        Setting("mode", "Mode", "How.", kind=FieldKind.CHOICE, choices=("fast", "slow")),
    ),
    check=dict,
    connect=lambda config, surroundings: None,  # type: ignore[arg-type, return-value]
)
FILLED = {
    "url": "https://wiki.example",
    "token": SECRET,
    "spaces": "HR\nIT",
    "depth": "",
    "mode": "",
}


TENANT = TenantId("default")


class Desk(AdminForms):
    """Forms with everything around them in memory."""

    def __init__(self, *, folders: tuple[Path, ...] = ()) -> None:
        self.sources = InMemoryKnowledge()
        self.log = InMemoryAudit()
        self.book = ChannelBook(
            InMemoryChannelStore(), ChannelSettings(persona="kind"), InMemoryPreferences()
        )
        directories = dict.fromkeys(Platform, InMemoryDirectory())
        super().__init__(
            sources=self.sources,
            rights=Rights(self.log, directories, listed=frozenset({"slack:U1"})),
            workspaces=InMemoryWorkspaces((Platform.SLACK, "T1")),
            audit=self.log,
            channel=ChannelForm(ChannelEditor(self.book, self.sources, lambda platform: True)),
            folders=folders,
            kinds={"wiki": WIKI, "files": KINDS["files"]},
        )

    async def fill_in(self, words: str, values: Mapping[str, str]) -> Any:
        return await self.submit(Submission(make_command(words), values))

    @property
    def entries(self) -> list[tuple[str, str, str]]:
        return [(entry.command, entry.outcome, entry.detail) for entry in self.log.entries]


@pytest.fixture
def desk() -> Desk:
    return Desk()


# Who gets a form, and which


@pytest.mark.parametrize(
    "words",
    [
        "sources add",
        "sources add wiki",
        "sources add wiki team-wiki",
        "sources schedule",
        "sources schedule handbook",
        "sources test",
        "sources remove",
        "sources pause",
        "sources resume",
        "sync",
        "sync cancel",
    ],
)
async def test_a_command_that_lacks_something_opens_a_form_for_admins(
    desk: Desk, words: str
) -> None:
    form = await desk.open(make_command(words))
    assert form is not None
    check_view(render_for_slack(form, "{}"))
    check_modal(render_for_discord(form))
    assert await desk.open(make_command(words, person=Person("U2"))) is None


@pytest.mark.parametrize(
    "words",
    [
        "sources",
        "sources list",
        "sources add flowers",
        "sources add files",
        "sources test handbook",
        "sources schedule handbook daily",
        "sync handbook",
        "sync status",
        "help",
        "audit",
    ],
)
async def test_a_command_that_is_whole_opens_none(desk: Desk, words: str) -> None:
    assert await desk.open(make_command(words)) is None


async def test_every_kind_of_source_has_a_form_that_both_platforms_take() -> None:
    desk = Desk(folders=(Path(),))
    desk._kinds = dict(KINDS)
    for kind in KINDS:
        for words in (f"sources add {kind}", f"sources add {kind} {'x' * 60}"):
            form = await desk.open(make_command(words))
            assert form is not None
            check_view(render_for_slack(form, "{}"))
            check_modal(render_for_discord(form))


async def test_who_is_no_admin_any_more_has_the_command_taken_down_and_refused(
    desk: Desk,
) -> None:
    command = make_command("sources add wiki", person=Person("U2"))
    outcome = await desk.submit(Submission(command, {"name": "wiki", **FILLED}))
    assert outcome == command
    assert not desk.sources.added


# Adding a source


async def test_the_kind_is_chosen_first(desk: Desk) -> None:
    form = await desk.open(make_command("sources add"))
    assert form is not None
    assert [choice.label for choice in form.fields[0].choices] == ["Wiki"]
    following = await desk.fill_in("sources add", {"kind": "wiki"})
    assert isinstance(following, Form)
    assert following.command == "sources add wiki"
    names = [field.name for field in following.fields]
    assert names == ["name", "url", "token", "spaces", "depth", "mode", "audience"]


async def test_a_source_is_tried_added_and_logged_without_its_settings(desk: Desk) -> None:
    desk.sources.trial = SourceTrial(12, complete=True)
    outcome = await desk.fill_in("sources add wiki", {"name": "wiki", **FILLED, "audience": ""})
    assert isinstance(outcome, Reply)
    assert render_plain(outcome).startswith("wiki is added: 12 documents are listed.")
    assert outcome.buttons[0] == Button("Sync it now", "sync wiki", "primary")
    config = {"url": "https://wiki.example", "token": SECRET, "spaces": "HR\nIT"}
    assert desk.sources.added == [("wiki", "wiki", config, frozenset({EVERYONE}))]
    assert desk.entries == [("sources add wiki wiki", "added", "none → wiki, 12 listed")]
    assert SECRET not in repr(desk.log.entries) + repr(outcome)


async def test_the_name_can_come_with_the_command(desk: Desk) -> None:
    form = await desk.open(make_command("sources add wiki team-wiki"))
    assert form is not None
    assert form.command == "sources add wiki team-wiki"
    assert "name" not in {field.name for field in form.fields}
    await desk.fill_in(form.command, {**FILLED, "audience": "slack:channel:C1, slack:user:U1"})
    ((name, _, _, audience),) = desk.sources.added
    assert name == "team-wiki"
    assert audience == {"slack:channel:C1", "slack:user:U1"}


@pytest.mark.parametrize(
    ("name", "words"),
    [("Team Wiki", "is no name for a source"), ("handbook", "named handbook already")],
)
async def test_a_name_that_cannot_be_is_told_below_its_field(
    desk: Desk, name: str, words: str
) -> None:
    outcome = await desk.fill_in("sources add wiki", {"name": name, **FILLED})
    assert isinstance(outcome, Rejected)
    assert words in outcome.errors["name"]
    values = {field.name: field.value for field in outcome.form.fields}
    assert values["name"] == name
    assert values["spaces"] == "HR\nIT"
    assert values["token"] == ""
    assert not desk.sources.added
    assert [entry[1] for entry in desk.entries] == ["rejected"]


@pytest.mark.parametrize("name", ["Team Wiki", "handbook"])
async def test_a_name_of_the_command_that_cannot_be_is_told_above_the_fields(
    desk: Desk, name: str
) -> None:
    outcome = await desk.fill_in(f"sources add wiki {name}", FILLED)
    assert isinstance(outcome, Rejected)
    assert not outcome.errors
    assert "source" in outcome.form.problem


@pytest.mark.parametrize(
    ("error", "errors", "problem"),
    [
        (InvalidField("url", "url is no address."), {"url": "url is no address."}, ""),
        (InvalidSource("No such wiki."), {}, "It was not added. No such wiki."),
        (SourceUnreadable("It answers 401."), {}, "It was not added. It answers 401."),
        (InvalidField("shelf", "There is no shelf."), {}, "There is no shelf."),
    ],
)
async def test_a_source_that_cannot_be_read_is_not_added(
    desk: Desk, error: Exception, errors: Mapping[str, str], problem: str
) -> None:
    desk.sources.trial = error
    outcome = await desk.fill_in("sources add wiki", {"name": "wiki", **FILLED})
    assert isinstance(outcome, Rejected)
    assert outcome.errors == errors
    assert outcome.form.problem == problem
    assert not desk.sources.added
    assert desk.entries == [("sources add wiki wiki", "rejected", "")]
    assert SECRET not in repr(outcome) + repr(desk.log.entries)


async def test_folders_are_added_in_chat_only_where_the_operator_allows_it(
    tmp_path: Path,
) -> None:
    shelf = tmp_path / "shelf"
    (shelf / "handbook").mkdir(parents=True)
    desk = Desk(folders=(shelf,))
    for path in (tmp_path, shelf / ".." / "other", Path("/etc")):
        outcome = await desk.fill_in("sources add files", {"name": "x", "path": str(path)})
        assert isinstance(outcome, Rejected)
        assert "below" in outcome.errors["path"]
    inside = {"name": "x", "path": str(shelf / "handbook")}
    assert isinstance(await desk.fill_in("sources add files", inside), Reply)
    assert [choice.value for choice in Desk().list_kinds()] == ["wiki"]


# Schedules, and commands that lack a source


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"when": "daily", "zone": "UTC", "window": ""}, "0 3 * * * zone=UTC"),
        ({"when": "Off", "zone": "", "window": ""}, "off"),
        (
            {"when": "0 6 * * 1-5", "zone": "Europe/Zurich", "window": "05:00 - 07:00"},
            "0 6 * * 1-5 zone=Europe/Zurich window=05:00-07:00",
        ),
    ],
)
async def test_a_schedule_becomes_a_command(
    desk: Desk, values: Mapping[str, str], words: str
) -> None:
    outcome = await desk.fill_in("sources schedule handbook", values)
    assert isinstance(outcome, Command)
    assert outcome.words == ("schedule", "handbook", *words.split())
    picked = await desk.fill_in("sources schedule", {"source": "handbook", **values})
    assert picked.words == outcome.words


@pytest.mark.parametrize(
    ("change", "field"),
    [({"when": "often"}, "when"), ({"zone": "Mars"}, "zone"), ({"window": "late"}, "window")],
)
async def test_what_is_wrong_with_a_schedule_is_told_below_its_field(
    desk: Desk, change: Mapping[str, str], field: str
) -> None:
    values = {"when": "daily", "zone": "UTC", "window": "", **change}
    outcome = await desk.fill_in("sources schedule handbook", values)
    assert isinstance(outcome, Rejected)
    assert list(outcome.errors) == [field]
    assert {each.name: each.value for each in outcome.form.fields} == values


@pytest.mark.parametrize(
    ("words", "values", "given"),
    [
        ("sync", {"source": "all", "mode": "full"}, ("all", "full")),
        ("sync", {"source": "wiki"}, ("wiki", "incremental")),
        ("sync cancel", {"source": "wiki"}, ("cancel", "wiki")),
        ("sources remove", {"source": "wiki"}, ("remove", "wiki")),
    ],
)
async def test_a_source_that_was_picked_makes_the_command_whole(
    desk: Desk, words: str, values: Mapping[str, str], given: tuple[str, ...]
) -> None:
    outcome = await desk.fill_in(words, values)
    assert outcome == replace(make_command(words), words=given)


async def test_the_form_of_a_channel_shows_how_it_is_set_up_on_both_platforms() -> None:
    desk = Desk()
    await desk.book.change(TENANT, make_place(), {"mode": "auto"})
    form = await desk.open(make_command("channel set"))
    assert form is not None
    shown = {field.name: field.value for field in form.fields}
    assert (shown["mode"], shown["persona"], shown["threads"]) == ("auto", "kind", "no")
    check_view(render_for_slack(form, "{}"))
    check_modal(render_for_discord(form))


async def test_what_is_filled_in_of_a_channel_is_set_and_audited_before_and_after() -> None:
    desk = Desk()
    values = {"mode": "mentions", "language": "DE", "persona": "kind", "budget": "20"}
    reply = await desk.fill_in("channel set", values)
    assert "mode: threads → `mentions`" in render_plain(reply)
    settings = await desk.book.read(TENANT, make_place())
    assert (settings.mode, settings.language, settings.budget) == ("mentions", "de", 20)
    detail = "mode: threads → mentions; language: nothing → de; budget: nothing → 20"
    assert desk.entries == [("channel set", "changed", detail)]


async def test_a_form_of_a_channel_with_faults_changes_nothing() -> None:
    desk = Desk()
    rejected = await desk.fill_in(
        "channel set", {"mode": "auto", "sources": "wikki", "language": "german"}
    )
    assert isinstance(rejected, Rejected)
    assert rejected.errors.keys() == {"sources", "language"}
    assert "wikki" in rejected.errors["sources"]
    assert {f.name: f.value for f in rejected.form.fields}["language"] == "german"
    assert (await desk.book.read(TENANT, make_place())).mode == "threads"
    assert desk.entries == [("channel set", "rejected", "")]


async def test_nobody_but_admins_gets_the_form_of_a_channel() -> None:
    desk = Desk()
    stranger = Person("U2", "Ben")
    assert await desk.open(make_command("channel set", person=stranger)) is None
    submission = Submission(make_command("channel set", person=stranger), {"mode": "auto"})
    assert isinstance(await desk.submit(submission), Command)
    assert (await desk.book.read(TENANT, make_place())).mode == "threads"


async def test_direct_messages_have_no_form() -> None:
    direct = make_place(kind=ChannelKind.DIRECT, thread=None)
    assert await Desk().open(make_command("channel set", place=direct)) is None
