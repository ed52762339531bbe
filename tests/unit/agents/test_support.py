"""What bears a claim: words first, and what they leave open."""

import pytest

from agents.citations import find_claims
from agents.support import (
    MeaningJudge,
    Wording,
    agrees_in_figures,
    bears_in_words,
    compare_words,
    find_doubts,
    weigh_words,
)
from tests.fakes.passage_search import InMemorySentenceScorer, make_passages

EVIDENCE = make_passages(
    {
        "Backups": "Backups run every night. They are kept for 30 days.",
        "Retries": "A failed request is retried 5 times.",
        "Sicherungen": "Die Sicherungen laufen jede Nacht und werden 30 Tage lang aufbewahrt.",
    }
)
QUOTED = "Backups run every night. [1]"
SHARED = "Every night, all backups run. [1]"
OPEN = "Customers lose nothing, for backups survive 30 long days. [1]"
FOREIGN = "They are kept for 30 days in the vault. [3]"
REFUSED = "Backups are kept for 90 days. [1]"


def test_figures_agree_whatever_their_grouping() -> None:
    assert agrees_in_figures("1,000 requests", "up to 1000 requests")
    assert not agrees_in_figures("1,000 requests", "up to 100 requests")


def test_another_language_is_judged_by_its_figures() -> None:
    passage = "Backups are kept for 30 days and they run every night."
    assert bears_in_words("Die Sicherungen werden 30 Tage lang aufbewahrt.", passage) is True
    assert bears_in_words("Die Sicherungen werden 60 Tage lang aufbewahrt.", passage) is False


def test_a_quotation_is_borne_whatever_its_words() -> None:
    assert bears_in_words("It is what it is.", "So they say: it is\nwhat it is. 1 of 2.") is True
    assert bears_in_words("It is what it was.", "So they say: it is what it is.") is False
    assert bears_in_words("Retries are limited to 5", "Retries are limited to 50.") is False


@pytest.mark.parametrize(
    ("sentence", "wording"),
    [
        (QUOTED, Wording.QUOTED),
        (SHARED, Wording.SHARED),
        (OPEN, Wording.OPEN),
        (FOREIGN, Wording.FOREIGN),
        (REFUSED, Wording.REFUSED),
    ],
)
def test_words_tell_more_or_less(sentence: str, wording: Wording) -> None:
    [claim] = find_claims(sentence)
    assert weigh_words(claim.text, EVIDENCE[claim.marks[0] - 1].text) is wording


def doubt(sentence: str, *doubtful: Wording) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    claims = find_claims(sentence)
    doubts = find_doubts(claims, compare_words(claims, EVIDENCE), doubtful)
    return (doubts[0].cited, doubts[0].others) if doubts else None


def test_what_words_settle_is_in_no_doubt() -> None:
    assert doubt(QUOTED, Wording.OPEN) is None
    assert doubt(SHARED, Wording.OPEN) is None
    assert doubt(FOREIGN, Wording.OPEN) is None
    assert doubt("```\nrm -rf /backups/30\n```", Wording.OPEN) is None


def test_what_words_leave_open_is() -> None:
    assert doubt(OPEN, Wording.OPEN) == ((1,), ())
    assert doubt(FOREIGN, Wording.OPEN, Wording.FOREIGN) == ((3,), ())
    assert doubt(SHARED, Wording.OPEN, Wording.SHARED) == ((1,), ())


def test_without_a_mark_that_may_hold_the_other_passages_are_weighed() -> None:
    unmarked = "Customers lose nothing, for backups survive 30 long days."
    assert doubt(unmarked, Wording.OPEN) == ((), (1,))
    assert doubt(f"{unmarked} [2]", Wording.OPEN) == ((), (1,))
    # one that holds in words for sure needs no weighing of others
    assert doubt("Every night, all backups run. [2]", Wording.OPEN) is None


async def test_the_nearest_in_meaning_is_taken_where_the_cited_one_is_too_far() -> None:
    claims = find_claims("Each failed request we see, retried 5 times or so, counts twice. [1]")
    wordings = {(0, 1): Wording.OPEN, (0, 2): Wording.OPEN}
    [weighed] = await MeaningJudge(InMemorySentenceScorer()).weigh(
        list(find_doubts(claims, wordings, {Wording.OPEN}).values()), EVIDENCE
    )
    assert weighed == {2}


def test_what_cites_nothing_rests_on_no_passage_of_another_language_by_chance() -> None:
    claims = find_claims("The moon is a harsh mistress.")
    assert not [one for one in compare_words(claims, EVIDENCE).values() if one is Wording.FOREIGN]
    claims = find_claims("Customers are warned in the vault. [3] The moon is harsh.")
    assert compare_words(claims, EVIDENCE)[1, 3] is Wording.FOREIGN
