"""The built-in brain's quotations: units, ranking, composition."""

import pytest

from agents.llm.composition import compose
from agents.llm.evidence import match_kind, rank_units
from agents.llm.units import UnitKind, names_columns, read_row, split_units
from tests.fakes.passage_search import InMemorySentenceScorer, make_passages

DOCUMENTS = {
    "Install": (
        "# Install\n\nTo install the agent, do this:\n\n1. Download the package.\n"
        "2. Run the installer\n   as root.\n\nIt needs 700 MB of disk."
    ),
    "Start": "Start the agent from a shell:\n\n```\nagent start --port 8080\n```\n",
    "Limits": "| Plan | Seats |\n| --- | --- |\n| Team | 50 |\n| Pro | 5 |",
    "Backups": "Backups run every night. They are kept for 30 days. Restores take an hour.",
}


async def answer(question: str) -> str:
    passages = make_passages(DOCUMENTS)
    return compose(question, await rank_units(question, passages, InMemorySentenceScorer()))


def test_units_of_a_passage() -> None:
    kinds = [(unit.kind, unit.text) for unit in split_units(DOCUMENTS["Install"])]
    assert kinds == [
        (UnitKind.HEADING, "Install"),
        (UnitKind.SENTENCE, "To install the agent, do this:"),
        (UnitKind.ITEM, "Download the package."),
        (UnitKind.ITEM, "Run the installer as root."),
        (UnitKind.SENTENCE, "It needs 700 MB of disk."),
    ]


def test_units_of_plain_text_with_bare_headings_and_code() -> None:
    text = (
        "Start it\n\nStart the agent from a shell:\n\nagent start --port 8080\n\n"
        "1. One\n2. Two\n\n- red\n- blue\n\nPlan | Seats\nTeam | 50\n\nIt logs to a file."
    )
    units = split_units(text, ("Guide", "Start it"))
    assert [(unit.kind.value, unit.text) for unit in units] == [
        ("heading", "Start it"),
        ("sentence", "Start the agent from a shell:"),
        ("code", "agent start --port 8080"),
        ("item", "One"),
        ("item", "Two"),
        ("item", "red"),
        ("item", "blue"),
        ("row", "Plan | Seats"),
        ("row", "Team | 50"),
        ("sentence", "It logs to a file."),
    ]
    assert len({unit.block for unit in units}) == 7
    assert {unit.heading for unit in units} == {"Start it"}


async def test_a_how_to_question_gets_the_steps() -> None:
    assert await answer("How do I install the agent?") == (
        "To install the agent, do this: [1]\n"
        "1. Download the package.\n"
        "2. Run the installer as root."
    )


async def test_a_how_to_question_gets_the_code() -> None:
    assert await answer("How do I start the agent from a shell?") == (
        "Start the agent from a shell: [2]\n```\nagent start --port 8080\n```"
    )


async def test_a_table_row_is_read_with_its_headings() -> None:
    assert (await answer("team plan seats")).startswith("Plan: Team; Seats: 50. [3]")


async def test_a_table_row_is_found_by_the_name_of_its_column() -> None:
    table = "Room | Phone\nReception | 100\nIT desk | 115"
    passages = make_passages({"Onboarding": f"Rooms are on the first floor.\n\n{table}"})
    question = "What is the phone of the IT desk?"
    ranking = await rank_units(question, passages, InMemorySentenceScorer())
    assert ranking.best[0].unit.text == "IT desk | 115"
    assert ranking.best[0].cover == 1.0


@pytest.mark.parametrize(
    ("table", "read"),
    [
        ("`run` | starts the bot\n`stop` | ends the bot", "`stop`: ends the bot"),
        ("Team | 50\nBusiness | 100", "Business: 100"),
        (
            "Lisa | she calls new customers of the north\nOmar | he calls all the other new ones",
            "Omar: he calls all the other new ones",
        ),
        ("Room | Phone\nReception | 100", "Room: Reception; Phone: 100"),
        ("Plan | 2025 | 2026\nTeam | 50 | 60", "Plan: Team; 2025: 50; 2026: 60"),
        (
            "command | what it does\n`stop` | ends the bot",
            "command: `stop`; what it does: ends the bot",
        ),
    ],
)
def test_the_first_row_of_a_passage_names_columns_unless_it_is_like_the_rest(
    table: str, read: str
) -> None:
    units = split_units(table)
    assert read_row(units, 1) == read
    assert names_columns(units, 0) == (";" in read)
    after = split_units(f"This is a table.\n\n{table}")
    assert names_columns(after, 1)


async def test_a_sentence_that_points_back_brings_the_one_before_it() -> None:
    text = await answer("are they kept for 30 days?")
    assert text.startswith("Backups run every night. [4] They are kept for 30 days. [4]")


async def test_a_sentence_is_quoted_once() -> None:
    text = "To remove a source, run remove. It removes the source and asks before it does."
    passages = make_passages({"Remove": text})
    question = "How do I remove a source?"
    ranking = await rank_units(question, passages, InMemorySentenceScorer())
    draft = compose(question, ranking)
    assert draft.count("To remove a source") == 1


async def test_the_best_sentence_follows_what_it_points_back_to() -> None:
    text = "Run remove to remove a source. It removes a source and its documents."
    question = "What removes the source and asks first?"
    ranking = await rank_units(question, make_passages({"Remove": text}), InMemorySentenceScorer())
    assert ranking.best[0].unit.text.startswith("It removes")
    assert compose(question, ranking).startswith("Run remove to remove a source. [1] It removes")


async def test_quotations_are_verbatim() -> None:
    text = await answer("when do backups run?")
    assert "Backups run every night." in text


async def test_nothing_comes_of_nothing() -> None:
    ranking = await rank_units("anything", (), InMemorySentenceScorer())
    assert compose("anything", ranking) == ""
    assert ranking.confidence == 0.0


async def test_confidence_tells_an_answer_from_a_near_miss() -> None:
    passages = make_passages(DOCUMENTS)
    scorer = InMemorySentenceScorer()
    held = await rank_units("How many days are backups kept?", passages, scorer)
    missing = await rank_units("What is the capital of Peru?", passages, scorer)
    assert held.confidence > 0.4
    assert missing.confidence < 0.1


@pytest.mark.parametrize(
    ("question", "text", "kind"),
    [
        ("When was it founded?", "It was founded in 1998.", 1.0),
        ("When was it founded in 1998?", "It was founded in 1998.", 0.0),
        ("How many seats are there?", "There are fifty seats.", 1.0),
        ("Who leads the team?", "The team is led by Ada.", 1.0),
        ("Why does it fail?", "It fails because the disk is full.", 1.0),
        ("What is a source?", "A source is a place.", 0.5),
    ],
)
def test_kinds_of_answers(question: str, text: str, kind: float) -> None:
    assert match_kind(question, text) == kind
