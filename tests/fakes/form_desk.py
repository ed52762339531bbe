"""A desk that follows a script."""

import asyncio

from bot.model import Command, Submission
from bot.ports import Rejected
from bot.rendering.form import Choice, Field, Form
from bot.rendering.reply import Reply

KIND = Form(
    "sources add",
    "Add a source",
    (Field("kind", "Kind", "choice", choices=(Choice("website", "a website"),)),),
    submit="Next",
)
WEBSITE = Form(
    "sources add website",
    "Add a website",
    (
        Field("name", "Name"),
        Field("url", "Address", example="https://docs.example.com"),
        Field("token", "Token", "secret", required=False),
    ),
)
TEST = Form("sources test", "Test a source", (Field("source", "Source", "source"),))


class ScriptedDesk:
    """Satisfies FormDesk. `outcomes` are what submissions lead to, in order; errors are raised.

    `gate`, where it is set, holds submissions back. Only `admins` get forms; an id or a name.
    """

    def __init__(self, *outcomes: Rejected | Form | Command | Reply | Exception) -> None:
        self.outcomes = list(outcomes)
        self.submissions: list[Submission] = []
        self.asked: list[Command] = []
        self.admins = {"alma", "Ada"}
        self.faults: list[Exception] = []
        self.gate: asyncio.Event | None = None

    async def open(self, command: Command) -> Form | None:
        self.asked.append(command)
        if self.faults:
            raise self.faults.pop(0)
        forms = {form.command: form for form in (KIND, WEBSITE, TEST)}
        form = forms.get(" ".join((command.name, *command.words)))
        return form if command.person.name in self.admins else None

    async def submit(self, submission: Submission) -> Rejected | Form | Command | Reply:
        self.submissions.append(submission)
        if self.gate is not None:
            await self.gate.wait()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
