"""The words of each language that are too common to tell one text from another.

The lists for English and German are our own, and short, since a word that is dropped can never be
found. The others are those of the package stop-words.
"""

from functools import cache

import snowballstemmer
from stop_words import get_stop_words

_OWN = {
    "english": frozenset(
        "a about above after again against all am an and any are aren as at be because been before"
        " being below between both but by can couldn did didn do does doesn doing don down during"
        " each few for from further had hadn has hasn have haven having he her here hers herself"
        " him himself his how i if in into is isn it its itself just ll me mightn more most mustn"
        " my myself needn no nor not now of off on once only or other our ours ourselves out over"
        " own re s same shan she should shouldn so some such t than that the their theirs them"
        " themselves then there these they this those through to too under until up ve very was"
        " wasn we were weren what when where which while who whom why will with won would wouldn"
        " you your yours yourself yourselves".split()
    ),
    "german": frozenset(
        "aber alle allem allen aller alles als also am an andere anderen auch auf aus bei bin bis"
        " bist da damit dann das dass dein dem den der des dessen die dies diese diesem diesen"
        " dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch"
        " euer für gegen hab habe haben hat hatte hier hin ich ihm ihn ihnen ihr ihre im in ist"
        " jede jedem jeden jeder jedes kann kein keine können man mein mich mir mit muss nach nicht"
        " noch nun nur ob oder ohne sehr sein seine sich sie sind so soll sonst über um und uns"
        " unser unter vom von vor war waren warum was weil welche welcher welches wenn wer werden"
        " wie wieder will wir wird wo wurde zu zum zur zwar zwischen".split()
    ),
}
_LISTED = (
    "arabic", "catalan", "czech", "danish", "dutch", "finnish", "french", "greek", "hindi",
    "hungarian", "indonesian", "italian", "norwegian", "persian", "polish", "portuguese",
    "romanian", "russian", "spanish", "swedish", "turkish",
)  # fmt: skip

LANGUAGES = tuple(sorted({*_OWN, *_LISTED} & set(snowballstemmer.algorithms())))
"""Those with both a list of stop words and a stemmer (Snowball)."""


@cache
def list_stop_words(language: str) -> frozenset[str]:
    """The stop words of one of LANGUAGES, in lower case."""
    if language in _OWN:
        return _OWN[language]
    return frozenset(word.casefold() for word in get_stop_words(language))
