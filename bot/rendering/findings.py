"""Replies that show one person what they may read. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from bot.rendering.compose import describe_age
from bot.rendering.phrases import Phrase, home, personal
from bot.rendering.readable import describe_readable
from bot.rendering.reply import Block, Button, Inline, Mark, Paragraph, Quote, Reply, Strong, Text
from bot.rendering.sync_report import list_lines
from retrieval.model import Passage, ReadableSource

LINE_CHARACTERS = 200

SEARCH_USAGE: Final = Phrase(
    en="Write what to look for behind the command: `/search carry over holidays`.",
    de="Schreib hinter den Befehl, wonach ich suchen soll: `/search Urlaub übertragen`.",
    fr="Écrivez après la commande ce qu'il faut chercher : `/search report des congés`.",
    es="Escribe tras la orden qué hay que buscar: `/search vacaciones pendientes`.",
)
FOUND: Final = Phrase(
    en="What you may read about “{words}”:",
    de="Was du zu „{words}“ lesen darfst:",
    fr="Ce que vous pouvez lire sur « {words} » :",
    es="Lo que puedes leer sobre «{words}»:",
)
NOT_FOUND: Final = Phrase(
    en="I found nothing about “{words}” that you may read.",
    de="Zu „{words}“ habe ich nichts gefunden, was du lesen darfst.",
    fr="Je n'ai rien trouvé sur « {words} » que vous puissiez lire.",
    es="No encontré nada sobre «{words}» que puedas leer.",
)
OFFER: Final = Phrase(
    en="About “{question}”: I found more that not everyone in the channel may read. Shall I answer "
    "you alone?",
    de="Zu „{question}“: Ich habe mehr gefunden, das nicht alle im Kanal lesen dürfen. Soll ich "
    "dir allein antworten?",
    fr="À propos de « {question} » : j'ai trouvé plus, que tout le canal ne peut pas lire. "
    "Dois-je vous répondre à vous seul ?",
    es="Sobre «{question}»: encontré más, que no todos en el canal pueden leer. ¿Te respondo solo "
    "a ti?",
)
ANSWER_ME: Final = Phrase(
    en="Answer me alone",
    de="Nur mir antworten",
    fr="Répondre à moi seul",
    es="Responder solo a mí",
)


def compose_findings(
    words: str, passages: Sequence[Passage], now: datetime, language: str = "en"
) -> Reply:
    """What a search found: title, section, age, link and a line of each passage."""
    shown = _shorten(words)
    if not passages:
        return Reply((_say(NOT_FOUND.say(language, words=shown)),), private=True)
    blocks: list[Block] = [_say(FOUND.say(language, words=shown))]
    for number, passage in enumerate(passages, 1):
        blocks += _show(number, passage, now, language)
    return Reply(tuple(blocks), private=True)


def compose_readable(
    sources: Sequence[ReadableSource], now: datetime, language: str = "en"
) -> Reply:
    """What somebody may read of each source, and when it was read last."""
    if not sources:
        return Reply((_say(home.NOTHING_TO_READ.say(language)),), private=True)
    lines = [describe_readable(source, now, language) for source in sources]
    words = home.YOU_MAY_READ.say(language)
    return Reply((_say(words), list_lines(lines)), private=True)


def compose_offer(question: str, item: str, language: str = "en") -> Reply:
    """Tells the asker alone that there is more for them; it says nothing of what it is."""
    words = OFFER.say(language, question=_shorten(question))
    buttons = (
        Button(ANSWER_ME.say(language), f"answer private {item}", "primary"),
        Button(personal.DO_NOT_OFFER.say(language), "preferences offers off"),
    )
    return Reply((_say(words),), private=True, buttons=buttons)


def _show(number: int, passage: Passage, now: datetime, language: str) -> Iterator[Block]:
    place = " › ".join(part for part in (passage.title, passage.section) if part)
    age = (
        ""
        if passage.modified_at is None
        else describe_age((now - passage.modified_at).days, language)
    )
    title: list[Inline] = [Mark(number, passage.url), Text(" "), Strong((Text(place),))]
    yield Paragraph((*title, Text(f" · {age}")) if age else tuple(title))
    yield Quote((_say(_shorten(passage.text)),))


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_CHARACTERS else line[: LINE_CHARACTERS - 1] + "…"


def _say(words: str) -> Paragraph:
    return Paragraph((Text(words),))
