"""/preferences: shown, changed a wish at a time, and told in the language that was chosen."""

import pytest

from bot.model import Preferences, Wish
from bot.people.preferences import read_wish
from bot.rendering.phrases import LANGUAGES
from bot.rendering.preferences import compose_preferences
from bot.rendering.reply import Button
from tests.fakes.reading import MEMBER, ReadingScene


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("", Wish()),
        ("language de", Wish(language="de")),
        ("language DE", Wish(language="de")),
        ("language auto", Wish(language="")),
        ("offers off", Wish(offers=False)),
        ("language fr offers on", Wish("fr", offers=True)),
        ("offers on offers off language es", Wish("es", offers=False)),
        ("language de language auto", Wish(language="")),
        ("language ja", None),
        ("language", None),
        ("offers perhaps", None),
        ("language de please", None),
    ],
)
def test_wishes_are_read_from_words(words: str, wish: Wish | None) -> None:
    assert read_wish(tuple(words.split())) == wish


async def test_what_is_usual_is_shown_with_a_button_for_each_other_choice() -> None:
    scene = ReadingScene()
    shown = await scene.command("preferences")
    assert "Language of answers: Automatic (the question's)" in shown
    assert "Private offers: On" in shown
    assert [button.command for button in scene.messenger.posts[-1].reply.buttons] == [
        *(f"preferences language {code}" for code in LANGUAGES),
        "preferences offers off",
    ]
    assert scene.preferences.chosen == {}


async def test_a_choice_is_kept_beside_the_others_and_told_in_its_language() -> None:
    scene = ReadingScene()
    await scene.command("preferences offers off")
    shown = await scene.command("preferences language de")
    assert scene.preferences.chosen == {MEMBER.id: Preferences("de", offers=False)}
    assert "Sprache der Antworten: Deutsch" in shown
    assert "Private Angebote: Aus" in shown
    assert "Sprache der Antworten: Deutsch" in await scene.command("preferences")


async def test_what_is_not_understood_changes_nothing() -> None:
    scene = ReadingScene()
    assert "I don't know `/preferences language ja`." in await scene.command(
        "preferences language ja"
    )
    assert scene.preferences.chosen == {}


@pytest.mark.parametrize(("words", "wanted"), [("offers off", False), ("offers on", True)])
async def test_buttons_of_earlier_offers_still_work(words: str, wanted: bool) -> None:
    scene = ReadingScene()
    await scene.command(words)
    assert scene.preferences.chosen[MEMBER.id].offers is wanted
    assert "I don't know" in await scene.command("offers perhaps")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chosen", ["", *LANGUAGES, "ja"])
@pytest.mark.parametrize("offers", [True, False])
def test_any_choice_fits_into_a_row_of_buttons(language: str, chosen: str, offers: bool) -> None:
    reply = compose_preferences(Preferences(chosen, offers), language)
    labels = [button.label for button in reply.buttons]
    assert len(set(labels)) == len(labels)
    assert len(labels) == 5
    assert Button(*labels[-1:], f"preferences offers {'off' if offers else 'on'}") in reply.buttons
