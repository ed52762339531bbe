"""Thumbs: kept by the reference of the answer, the last vote of each person wins.

A thumb down counts when it is pressed; the form that asks for the reason may stay unfilled.
"""

from bot.answers.cases import Case, Cases
from bot.answers.model import Feedback, Vote
from bot.answers.ports import Votes
from bot.answers.telling import tell
from bot.model import Claim, Command, ItemId, Submission
from bot.ports import Rejected, Workspaces
from bot.rendering.compose import compose_words
from bot.rendering.form import Choice, Field, Form
from bot.rendering.phrases import actions
from bot.rendering.reply import Reply
from bot.verdict import Verdict

REASONS = {
    "wrong": actions.REASON_WRONG,
    "incomplete": actions.REASON_INCOMPLETE,
    "outdated": actions.REASON_OUTDATED,
    "missed": actions.REASON_MISSED,
    "sources": actions.REASON_SOURCES,
    "other": actions.REASON_OTHER,
}
COMMENT_CHARACTERS = 3_000


class Rating:
    """Takes votes without a form."""

    def __init__(self, votes: Votes) -> None:
        self._votes = votes

    async def approve(self, claim: Claim, case: Case) -> Verdict:
        """`answer good`."""
        return await self._take(claim, case, Vote.GOOD)

    async def disapprove(self, claim: Claim, case: Case) -> Verdict:
        """`answer bad`, where no form could be opened."""
        return await self._take(claim, case, Vote.BAD)

    async def _take(self, claim: Claim, case: Case, vote: Vote) -> Verdict:
        kept = await self._votes.put(case.tenant, _make_feedback(case, vote))
        words = actions.THANKS if kept else actions.FORGOTTEN
        return tell(claim, words.say(case.language))


class RatingDesk:
    """Satisfies bot.ports.FormDesk: asks for the reason of a thumb down."""

    def __init__(self, cases: Cases, votes: Votes, workspaces: Workspaces) -> None:
        self._cases = cases
        self._votes = votes
        self._workspaces = workspaces

    async def open(self, command: Command) -> Form | None:
        """The form for the reason; the vote counts from now on."""
        case = await self._find(command)
        if case is None or not await self._votes.put(case.tenant, _make_feedback(case, Vote.BAD)):
            return None
        language = case.language
        choices = tuple(Choice(name, words.say(language)) for name, words in REASONS.items())
        return Form(
            f"answer bad {case.item}",
            actions.WHAT_WAS_WRONG.say(language),
            (
                Field(
                    "reason",
                    actions.THE_REASON.say(language),
                    "choice",
                    required=False,
                    choices=choices,
                ),
                Field("comment", actions.MORE_WORDS.say(language), "text", required=False),
            ),
            submit=actions.SEND.say(language),
        )

    async def submit(self, submission: Submission) -> Rejected | Form | Command | Reply:
        """Keep the reason."""
        case = await self._find(submission.command)
        if case is None:
            return compose_words(actions.NO_SUCH_ANSWER.en, private=True)
        values = submission.values
        reason = values.get("reason", "")
        feedback = _make_feedback(
            case,
            Vote.BAD,
            reason if reason in REASONS else "",
            values.get("comment", "")[:COMMENT_CHARACTERS],
        )
        kept = await self._votes.put(case.tenant, feedback)
        words = actions.THANKS if kept else actions.FORGOTTEN
        return compose_words(words.say(case.language), private=True)

    async def _find(self, command: Command) -> Case | None:
        place = command.place
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        match command.words:
            case ("bad", item) if tenant is not None:
                return await self._cases.open(tenant, command, ItemId(item))
            case _:
                return None


def _make_feedback(case: Case, vote: Vote, reason: str = "", comment: str = "") -> Feedback:
    place = case.command.place
    return Feedback(case.item, place.platform, case.command.person.id, vote, reason, comment)
