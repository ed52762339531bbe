"""What people can do with an answer: the thumbs, buttons and menu below it. Pure.

A reader first wants to see whether the answer holds, then to pass it on or to be helped by
somebody. So the row says, in this order: sources, proof, share, a person, again. Five fit beside
each other; what does not fit stands behind 'More'.
"""

from collections.abc import Iterator
from dataclasses import replace

from agents.model import Answer, Outcome
from bot.model import IncomingMessage
from bot.rendering.compose import compose_answer, compose_words
from bot.rendering.phrases import Phrase, actions
from bot.rendering.reply import Button, Paragraph, Quote, Rating, Reply, Text

ROW = 5
"""Controls beside each other, each thumb counted."""
SHOWN_SOURCES = 3
"""Sources that an answer lists; more are opened on demand."""


def offer_actions(
    reply: Reply, answer: Answer, item: str, *, language: str = "en", can_share: bool = False
) -> Reply:
    """The reply with what can be done with it; small talk and questions back offer nothing.

    `can_share`: the answer is private, and there are others whom it could be shown to.
    """
    if answer.outcome not in (Outcome.ANSWERED, Outcome.UNKNOWN):
        return reply
    answered = answer.outcome is Outcome.ANSWERED
    verbs = list(_choose_verbs(len(reply.sources) if answered else 0, can_share and answered))
    buttons = [
        Button(label.say(language, count=len(reply.sources)), f"answer {verb} {item}")
        for verb, label in verbs
    ]
    room = ROW - 2
    return replace(
        reply,
        sources=reply.sources[:SHOWN_SOURCES] if answered else reply.sources,
        rating=Rating(f"answer good {item}", f"answer bad {item}"),
        buttons=tuple(buttons[:room]),
        menu=tuple(buttons[room:]),
    )


def _choose_verbs(sources: int, share: bool) -> Iterator[tuple[str, Phrase]]:
    if sources > SHOWN_SOURCES:
        yield "sources", actions.ALL_SOURCES
    if sources:
        yield "proof", actions.SHOW_PROOF
    if share:
        yield "share", actions.SHARE
    yield "person", actions.NEED_PERSON
    yield "again", actions.ASK_AGAIN


def compose_shared(answer: Answer, message: IncomingMessage, item: str, language: str) -> Reply:
    """What the channel sees of a question that was asked in private: question and answer.

    Where what everyone here may read does not answer it, only the asker is told so.
    """
    if answer.outcome is not Outcome.ANSWERED:
        return compose_words(actions.NOT_SHARED.say(language), private=True)
    name = message.person.name or actions.SOMEBODY.say(language)
    asked = Paragraph((Text(actions.ASKED.say(language, name=name)),))
    question = Quote((Paragraph((Text(message.text),)),))
    reply = compose_answer(answer, language=language)
    reply = replace(reply, blocks=(asked, question, *reply.blocks))
    return offer_actions(reply, answer, item, language=language)
