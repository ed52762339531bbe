"""Words of a text, as far as the agent's own decisions need them: tokens, stems, language."""

import re
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


STOPWORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        "a about after again all also am an and any are aren't as at be been before being between"
        " both but by can can't cannot could did didn't do does doesn't doing don't down during"
        " each else ever few for from further get gets give go going got had has have haven't"
        " having he he's her here hers him his how i i'd i'll i'm i've if in into is isn't it it's"
        " its just let let's like me more most much my need no nor not now of off on once one only"
        " or other our ours out over own please same shall she should so some such tell than that"
        " that's the their theirs them then there there's these they they're this those through"
        " to too under until up us use used using very want was wasn't we we're were what what's"
        " when where where's which while who who's whom whose why will with won't would yes yet"
        " you you're your yours".split()
    ),
    "de": frozenset(
        "aber alle als also am an auch auf aus bei bin bis bitte da dann das dass dein dem den der"
        " des dich die dir doch du durch ein eine einem einen einer eines er es euch für gibt hat"
        " hatte habe haben ich ihr im in ist ja kann kannst kein keine können man mein mich mir"
        " mit muss müssen nach nein nicht noch nur oder ob sehr sein sich sie sind so über um und"
        " uns unser von vor wann warum was weil welche welcher welches wenn wer werden wie wieder"
        " wieso wir wird wo woher wozu zu zum zur".split()
    ),
    "fr": frozenset(
        "au aux avec bonjour ce ces cela cette comment dans de des du elle en est et eu il ils je"
        " la le les leur lui ma mais me mes moi mon ne nos notre nous on ou où par pas peut peux"
        " plus pour pourquoi puis qu quand que quel quelle quels quelles qui sa sans ses si son"
        " sont sur ta te tes ton tu un une vos votre vous à ça être c'est d'un d'une l'on".split()
    ),
    "es": frozenset(
        "al algo como cómo con cual cuál cuando cuándo de del donde dónde el ella en eres es esa"
        " ese eso esta este esto está están fue ha hace hacer hay la las le les lo los me mi mis"
        " muy no nos o para pero por porque puede puedo qué que quien quién se sin sobre son su"
        " sus tengo tiene tu un una unos y ya yo".split()
    ),
    "it": frozenset(
        "a al alla anche che chi ci come con cosa da dal dei del della delle di dove e è gli ha ho"
        " i il in io la le lo ma mi mia mio nel nella non per perché più posso può qual quale"
        " quando quanto questa questo se si sono su sua suo sul tu un una uno".split()
    ),
    "pt": frozenset(
        "a ao as como com da das de do dos e é ela ele em essa esse esta este eu está foi há isso"
        " já mais mas me meu minha na nas no nos não o onde os ou para pela pelo por porque posso"
        " pode quais qual quando que quem se sem ser seu são sua tem um uma você".split()
    ),
    "nl": frozenset(
        "aan als bij dan dat de deze die dit een en er ging had heb hebben heeft het hij hoe ik in"
        " is je kan kunnen maar met mij mijn moet naar niet nog of om ook op over te tot uit van"
        " veel voor waar waarom wanneer was wat we wel welke wie wij worden wordt zijn zo".split()
    ),
}
_EVERY_STOPWORD = frozenset().union(*STOPWORDS.values())
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_STEMMER = snowballstemmer.stemmer("english")


def find_words(text: str) -> list[str]:
    """The words of a text in lower case, in order; CJK text in pairs of characters."""
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group().replace("’", "'").lower()
        if _CJK.search(word):
            words += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        else:
            words.append(word)
    return words


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The English stem (Porter2) of a lower-case word; figures and short words as they are."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word.removesuffix("'s")
    return str(_STEMMER.stemWord(word))


def find_terms(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order; identifiers also in their parts."""
    terms: list[str] = []
    for match in _WORD.finditer(text):
        whole = match.group()
        parts = _CAMEL.split(whole) if not whole.isupper() and whole.isascii() else [whole]
        for piece in [whole, *parts] if len(parts) > 1 else [whole]:
            terms += [stem(word) for word in find_words(piece) if word not in _EVERY_STOPWORD]
    return terms


def is_stopword(word: str) -> bool:
    """Whether a lower-case word carries no meaning of its own in any language known here."""
    return word in _EVERY_STOPWORD


def detect_language(text: str) -> str:
    """The ISO 639-1 code of a text's language, by script and by stop words; '' when unsure."""
    letters = sum(character.isalpha() for character in text)
    for code, script in _SCRIPTS:
        if letters and len(script.findall(text)) >= 0.3 * letters:
            return code
    words = find_words(text)
    counts = {
        code: sum(word in stopwords for word in words) for code, stopwords in STOPWORDS.items()
    }
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    (best, most), (_, second) = ranked[0], ranked[1]
    if most == 0 or (most == second and best != "en" and counts["en"] != most):
        return ""
    return "en" if counts["en"] == most else best


def weigh_cover(wanted: Iterable[str], present: Iterable[str], weights: dict[str, float]) -> float:
    """The share of `wanted`, by weight, that is `present`; 0 when nothing is wanted."""
    wanted = set(wanted)
    held = set(present)
    total = sum(weights.get(term, 1.0) for term in wanted)
    return sum(weights.get(term, 1.0) for term in wanted & held) / total if total else 0.0
