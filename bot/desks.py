"""The forms of every command, each handed out by the desk that knows it."""

from collections.abc import Mapping

from bot.model import Command, Submission
from bot.ports import FormDesk, Rejected
from bot.rendering.form import Form
from bot.rendering.reply import Reply


class FormDesks:
    """Satisfies bot.ports.FormDesk: `desks` by the command's name, `otherwise` for the others."""

    def __init__(self, desks: Mapping[str, FormDesk], otherwise: FormDesk) -> None:
        self._desks = desks
        self._otherwise = otherwise

    async def open(self, command: Command) -> Form | None:
        """The form that this command asks for. Raises StoreUnavailable."""
        return await self._choose(command).open(command)

    async def submit(self, submission: Submission) -> Rejected | Form | Command | Reply:
        """Carry out a form. Raises StoreUnavailable."""
        return await self._choose(submission.command).submit(submission)

    def _choose(self, command: Command) -> FormDesk:
        return self._desks.get(command.name, self._otherwise)
