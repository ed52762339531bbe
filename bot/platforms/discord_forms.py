"""Modals: opened for commands that want one, and answered in private.

Discord takes a modal only as the first answer to an interaction, and closes it when it is
submitted. So what is wrong with it is told in a message, with a button that opens it again as it
was filled in; what was filled in is kept in memory for that, secrets left out.
"""

import logging
from dataclasses import replace
from typing import Any

import discord

from bot.model import Command
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_events import read_submission
from bot.ports import FormDesk, Intake, Messenger, Rejected
from bot.rendering.compose import compose_words
from bot.rendering.discord_form import render_form
from bot.rendering.form import Form
from bot.rendering.phrases.refusals import NOT_TAKEN
from bot.rendering.reply import Button, Reply

GO_ON = "One more step."
MOST_DRAFTS = 100
MODAL = 9

Interaction = discord.Interaction[Any]

log = logging.getLogger(__name__)


class DiscordForms:
    """Opens modals and takes them back. Secrets in them go to the desk and nowhere else."""

    def __init__(self, messenger: Messenger, intake: Intake, desk: FormDesk) -> None:
        self._messenger = messenger
        self._intake = intake
        self._desk = desk
        self._drafts: dict[tuple[str, str, str], Form] = {}

    async def open(self, interaction: Interaction, command: Command) -> bool:
        """Open the modal that a command asks for; False where it asks for none.

        Raises StoreUnavailable and what the library raises.
        """
        form = await self._desk.open(command)
        if form is None:
            return False
        form = self._drafts.pop(_name_draft(command, form), form)
        client: DiscordClient = interaction.client
        await client.request(
            "POST",
            "/interactions/{interaction_id}/{interaction_token}/callback",
            {"interaction_id": str(interaction.id), "interaction_token": interaction.token},
            body={"type": MODAL, "data": render_form(form)},
        )
        return True

    async def submit(self, interaction: Interaction) -> None:
        """Take a modal that was filled in; never raises for what the desk refuses."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        submission = read_submission(interaction)
        command = submission.command
        try:
            outcome = await self._desk.submit(submission)
            if isinstance(outcome, Command):
                await self._intake.accept_command(outcome)
                return
            reply = self._answer(command, outcome)
        except Exception as error:  # noqa: BLE001 - the person is told; its words may be secret
            log.warning("discord: the form %s failed: %s", command.event, type(error).__name__)
            reply = compose_words(NOT_TAKEN.en, private=True)
        await self._messenger.post(
            command.place,
            reply,
            key=f"{command.event}:form",
            reply_token=command.reply_token,
            retry=False,
        )

    def _answer(self, command: Command, outcome: Rejected | Form | Reply) -> Reply:
        match outcome:
            case Rejected(form, errors):
                label = {field.name: field.label for field in form.fields}
                lines = [f"{label.get(name, name)}: {words}" for name, words in errors.items()]
                words = "\n".join([form.problem, *lines]).strip()
                return self._offer(command, form, f"⚠️ {words}", "Fill it in again")
            case Form():
                return self._offer(command, outcome, outcome.intro or GO_ON, "Go on")
            case reply:
                return reply

    def _offer(self, command: Command, form: Form, words: str, label: str) -> Reply:
        """Words with a button that opens the form."""
        if len(self._drafts) >= MOST_DRAFTS:
            self._drafts.clear()
        self._drafts[_name_draft(command, form)] = form
        button = Button(label, form.command, "primary")
        return replace(compose_words(words, private=True), buttons=(button,))


def _name_draft(command: Command, form: Form) -> tuple[str, str, str]:
    """A form that goes on is the one of the same person in the same channel."""
    return command.place.channel, command.person.id, form.command
