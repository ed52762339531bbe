"""Has a chat model judge whether passages bear what a draft states."""

from collections.abc import Sequence

from agents.llm.asking import Asker, number_passages
from agents.llm.models import ModelChain
from agents.llm.outputs import SupportOutput
from agents.model import Doubt
from agents.prompts import load_prompt
from retrieval.model import Passage


class ChatModelJudge:
    """Satisfies agents.ports.SupportJudge. Raises ModelUnavailable, MalformedModelOutput.

    All doubts go into one request. What comes back is numbers alone, and is used as a whole or not
    at all: one verdict for each claim, none of a passage that was not to be weighed for it.
    """

    def __init__(self, models: ModelChain) -> None:
        self._asker = Asker(models)
        self._prompt = load_prompt("support")

    @property
    def name(self) -> str:
        return self._asker.models.name

    @property
    def version(self) -> str:
        """The model and the wording of its prompt."""
        return f"{self.name} (prompt {self._prompt.name}@{self._prompt.digest})"

    async def weigh(
        self, doubts: Sequence[Doubt], evidence: Sequence[Passage]
    ) -> Sequence[frozenset[int]]:
        """For each doubt, those of its passages that bear the claim."""
        choices = {at: {*one.cited, *one.others} for at, one in enumerate(doubts, start=1)}
        concerned = sorted(set().union(*choices.values()))
        material = number_passages((number, evidence[number - 1]) for number in concerned)
        for at, doubt in enumerate(doubts, start=1):
            numbers = ", ".join(f"[{number}]" for number in sorted(choices[at]))
            material[f"claim {at}, of passages {numbers}"] = doubt.claim

        def is_whole(output: SupportOutput) -> bool:
            judged = [verdict.claim for verdict in output.verdicts]
            return sorted(judged) == sorted(choices) and all(
                choices[verdict.claim].issuperset(verdict.borne_by) for verdict in output.verdicts
            )

        output = await self._asker.ask(SupportOutput, self._prompt.text, material, is_whole)
        borne = {verdict.claim: frozenset(verdict.borne_by) for verdict in output.verdicts}
        return [borne[at] for at in choices]
