"""Decides, without a model, what a message wants: small talk, an answer, or nothing of ours."""

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from agents.language import detect_language, find_words, is_stopword


class Intent(StrEnum):
    """What a message wants."""

    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"
    REMARK = "remark"
    ABOUT_BOT = "about the bot"
    COMMAND = "command"
    QUESTION = "question"
    UNCLEAR = "unclear"
    TASK = "task"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Triage:
    """An intent, why it was taken for it, and the message without greetings and mentions."""

    intent: Intent
    reason: str
    text: str
    language: str


def _load_phrases() -> dict[str, str]:
    """The sections of phrases.txt, each as one alternation."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in files("agents.llm").joinpath("phrases.txt").read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if heading := re.fullmatch(r"\[([a-z-]+)\]", line):
            name = heading.group(1)
        else:
            sections.setdefault(name, []).append(line)
    return {name: "|".join(f"(?:{one})" for one in lines) for name, lines in sections.items()}


_PHRASES = _load_phrases()


def _find(name: str) -> re.Pattern[str]:
    return re.compile(_PHRASES[name], re.IGNORECASE)


def _row(*names: str) -> str:
    """One or more phrases of these sections, with nothing else between them."""
    return rf"(?:(?:{'|'.join(_PHRASES[name] for name in names)})(?:\s+|$))"


_ABOUT_BOT, _COMMAND, _OVERRIDE, _TASK = map(_find, ("about-bot", "command", "override", "task"))
_AMONG_PEOPLE = _find("among-people")
_PURPOSES = (
    (Intent.COMMAND, "an order to the bot", _COMMAND),
    (Intent.ABOUT_BOT, "asks about the bot itself", _ABOUT_BOT),
    (Intent.TASK, "a task that no document answers", _TASK),
)
_PROBLEM, _INTERROGATIVE, _REQUEST, _PEOPLE = map(
    _find, ("problem", "interrogative", "request", "people")
)
_SMALL_TALK = tuple(
    (intent, reason, re.compile(row))
    for intent, reason, row in (
        (Intent.GREETING, "a greeting", rf"{_row('greeting')}{_row('greeting', 'company')}*"),
        (
            Intent.THANKS,
            "thanks",
            (
                rf"{_row('remark')}*{_row('thanks')}"
                rf"{_row('thanks-tail', 'remark', 'farewell', 'thanks')}*"
            ),
        ),
        (
            Intent.FAREWELL,
            "a farewell",
            (
                rf"{_row('remark')}*{_row('farewell')}"
                rf"{_row('company', 'thanks', 'remark', 'farewell')}*"
            ),
        ),
        (
            Intent.REMARK,
            "a remark, not a question",
            rf"{_row('remark', 'company', 'thanks-tail')}+",
        ),
    )
)
_THANKS_FIRST = re.compile(rf"\W*(?:{_PHRASES['thanks']})(?!\w)", re.IGNORECASE)
_LEAD = re.compile(
    rf"^\W*(?:(?:{_PHRASES['greeting']})(?:\s+(?:{_PHRASES['company']}))*"
    rf"|{_PHRASES['filler']}|(?:{_PHRASES['company']})(?=\s*[,:!]))"
    r"(?=[\s,.!:;–—-]|$)[\s,.!:;–—-]*",
    re.IGNORECASE,
)
_SOMEONE = re.compile(
    r"\s*(?:(?:hey|hi|hello|hallo|yo|ok|thanks)[ ,]+)?"
    r"(?:<@|@(?!(?:footnote|bot|here|channel|all|everyone|anyone|team)\b)\w)",
    re.IGNORECASE,
)
_SPOKEN_TO = re.compile(
    r"\b(?:you|your|u|thanks|please|pls|svp|bitte|porfa|(?:have|take) a look|ping me|let me know"
    r"|du|dir|dich|dein\w*|tu|toi|te|ton|ta|usted|tú)\b",
    re.IGNORECASE,
)
_PERSONAL = frozenset(
    "i i'm i'll i've i'd me my we we're we'll we've our us you you're your he he's she she's they"
    " they're it's that's is was were are am let's ich wir du er je tu il elle nous"
    " vous yo io noi eu nós".split()
)
"""Words of sentences, which the name of a topic does not hold."""
_UNASKED = frozenset({Intent.GREETING, Intent.THANKS, Intent.FAREWELL, Intent.REMARK})
_TOPIC = "names a topic"
_LONGEST_TOPIC = 12
_SMALL_TALK_LENGTH = 120
_READ_LENGTH = 6_000

_MENTION = re.compile(r"<[@#!][^>\s]+>|(?<![\w.])@[\w.-]+\b|:[a-z0-9_+-]+:")
_DECORATION = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0f\u200d\U000e0020-\U000e007f]+"
)

_VAGUE = frozenset(
    "issue problem question something thing things stuff help error trouble broken work works"
    " working fix explain more detail details elaborate example examples understand mean info"
    " information tell show know anything nothing everything idea way option options change"
    " different make happen happens next else continue go first second last one two later"
    " before step doing sure possible frage hilfe etwas fehler sache funktioniert geht mehr"
    " pregunta problema algo más ayuda aide problème chose plus erreur domanda qualcosa"
    " erklären erklär kannst machen mache gehen zeigen sagen fragen wissen marche faire"
    " expliquer savoir fonctionne hacer explicar saber funciona spiegare fare funzionare"
    " ajudar dúvida helfen brauche someone anyone somebody ideas take takes long bedeutet quoi"
    " qué means fail fails failed failing load loads loading crash crashes crashed stopped"
    " stuck happened happening exactly precisely right correct wrong true again still please"
    " needed ones really anymore news passiert los tun tut soll verstehe versteh kapiere"
    " kapier heißt kaputt defekt spinnt favor significa signifie veut dire pasa pasó sais rien"
    " comprends entiendo entender capisco succede meinst meinen meint qu'est cela nada"
    " funziona capisce come about j'ai something's everything's nothing's plait plaît bisschen"
    " bitte nochmal erklärst explication same".split()
)


def read_message(text: str) -> Triage:
    """Take in a message of a channel; `text` of the result has mentions and greetings removed."""
    talk = " ".join(_DECORATION.sub(" ", _MENTION.sub(" ", text[:_READ_LENGTH])).split())
    language = detect_language(talk)
    rest = _drop_greeting(talk)
    intent, reason = _classify(text, talk, rest)
    return Triage(intent, reason, rest or talk, language)


def goes_on(text: str) -> bool:
    """Whether a message in a thread where the bot has answered goes on with that.

    What people say to each other, and thanks, ask for no answer; a question does, and so do words
    that tell something only together with what was said before.
    """
    return read_message(text).intent not in _UNASKED


def asks_anyone(text: str) -> bool:
    """Whether a message to nobody in particular asks something, in so many words."""
    triage = read_message(text)
    return triage.intent is Intent.QUESTION and triage.reason != _TOPIC


def _classify(raw: str, talk: str, rest: str) -> tuple[Intent, str]:
    if not find_words(talk):
        return (Intent.REMARK, "only a sign") if raw.strip() else (Intent.UNCLEAR, "empty")
    if _OVERRIDE.search(talk) or _OVERRIDE.search(" ".join(raw[:_READ_LENGTH].split())):
        return (
            Intent.OVERRIDE,
            "asks to set the rules aside or to give away secrets",
        )
    small = _small_talk(talk, rest)
    if small is not None:
        return small
    if _says_thanks(talk):
        return Intent.THANKS, "thanks, and nothing is asked"
    for intent, reason, pattern in _PURPOSES:
        if pattern.search(rest):
            return intent, reason
    return _classify_content(raw, rest)


def _small_talk(talk: str, rest: str) -> tuple[Intent, str] | None:
    if len(talk) > _SMALL_TALK_LENGTH:
        return None
    bare = " ".join(re.sub(r"[^\w\s'+-]", " ", talk.lower().replace("’", "'")).split())
    for intent, reason, pattern in _SMALL_TALK:
        if pattern.fullmatch(bare):
            asks = intent is Intent.REMARK and talk.rstrip().endswith("?")
            return None if asks else (intent, reason)
    return None if rest else (Intent.GREETING, "a greeting")


def _says_thanks(talk: str) -> bool:
    """Whether a short message begins with thanks and goes on without a question."""
    thanks = _THANKS_FIRST.match(talk)
    if thanks is None or len(talk) > _SMALL_TALK_LENGTH or "?" in talk:
        return False
    clauses = [clause.strip() for clause in re.split(r"[,.;:!–—-]+", talk[thanks.end() :])]
    return not any(_INTERROGATIVE.search(clause) or _REQUEST.search(clause) for clause in clauses)


def _classify_content(raw: str, rest: str) -> tuple[Intent, str]:
    words = find_words(rest)
    telling = [word for word in words if not is_stopword(word)]
    to_someone = _SOMEONE.match(raw) and _SPOKEN_TO.search(rest)
    if to_someone or _AMONG_PEOPLE.search(rest) or _AMONG_PEOPLE.search(raw.strip()):
        return Intent.REMARK, "said to other people"
    if all(word in _VAGUE or word.isdigit() for word in telling):
        return Intent.UNCLEAR, "names nothing that could be looked up"
    asks = "?" in rest or "？" in rest or bool(_INTERROGATIVE.search(rest))
    if asks or _REQUEST.search(rest):
        return Intent.QUESTION, "asks for something"
    if _PROBLEM.search(rest):
        return Intent.QUESTION, "reports a problem"
    names = len(words) <= _LONGEST_TOPIC and not _PERSONAL.intersection(words)
    if names and not _PEOPLE.search(rest):
        return Intent.QUESTION, _TOPIC
    return Intent.REMARK, "people talking to each other"


def _drop_greeting(talk: str) -> str:
    """The message without greetings and fillers in front; '' when there is nothing else."""
    rest = talk
    for _ in range(4):
        shorter = _LEAD.sub("", rest, count=1)
        if shorter == rest:
            break
        rest = shorter
    return rest.strip()
