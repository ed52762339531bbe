"""Finds the sentences of a text, by rules that hold for prose, lists, tables and code alike.

Every language that ends sentences with . ! ? or their full-width and other relatives is handled
by the same rules; abbreviations are those of English and German.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from retrieval.model import Span

_MARKER = re.compile(r"[ \t>]*(?:(?:[-*+•‣◦–]|\d{1,3}[.)]|[a-zA-Z]\)|\[[ xX]\]|☐|☑)[ \t]+)+")
# The look-behinds and possessive repeats keep these linear on runs of marks, such as dot leaders.
_WESTERN_END = re.compile(r"(?:(?<![.!?])[.!?]++|…|[؟۔।॥])[\"'”’»)\]*_`]*+(?=\s)")
_EASTERN_END = re.compile(r"(?<![。！？｡])[。！？｡]++[」』”’）】》]*+")
_INLINE_CODE = re.compile(r"`[^`\n]{1,300}`")
_OPENERS = "\"'“‘«„‚([*_`¿¡<#@$~/+-–—"
_CODE_LINE = re.compile(
    r"\s*(?:[$>#%]\s|>>>|//|/\*|@\w|(?:def|class|import|from|return|const|let|var|fn|func|public"
    r"|SELECT|INSERT|UPDATE)\s+\w)"
    r"|.*(?:[{};\\(]\s*$|\s[=:]?=\s|=>|->|::|\|)"
)


_NEVER_LAST = frozenset(  # titles, references and the like: a name or a number follows
    "mr mrs ms dr prof st mt fr sr gen col lt sgt capt gov sen rep rev hon"
    " fig figs ch vol pp p ed eds no nos eq eqs ref refs vs v al cf viz eg ie e.g i.e a.k.a"
    " approx ca incl excl resp esp nr bzw z.b d.h u.a z.t s.o s.u vgl evtl"
    " ggf inkl zzgl sog bspw hr hrsg z d u zb".split()
)
_SOMETIMES_LAST = frozenset(
    "etc inc ltd corp co jr bros a.m p.m am pm u.s u.k e.u d.c min max sec art abs str ext tel"
    " dept est jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_STARTERS = frozenset(
    "the a an this that these those it its he she they we you i in on at for from by with if when"
    " while after before as to but and so then however also there here what how why who where"
    " each every all some most many no not use run see der die das ein eine es er sie wir".split()
)
_ALWAYS_LAST = frozenset({"usw", "etc"})
_WRAPPED_LINE = 45
_FULL_LINE = 60


def split_sentences(text: str) -> list[Span]:
    """The sentences of `text`, in order, not overlapping, none empty, without outer white space.

    A blank line, a list item, a table row and a line of code end a sentence; a line that was
    merely wrapped does not. List markers are left out of the spans, so that a sentence can be
    quoted as it stands. Characters outside the spans are white space and list markers only.
    """
    spans: list[Span] = []
    for start, end in _find_lines(text):
        marker = _MARKER.match(text, start, end)
        begin = marker.end() if marker else start
        for boundary in [*_find_ends(text, begin, end), end]:
            span = _strip(text, begin, boundary)
            if span is not None:
                spans.append(span)
            begin = boundary
    return spans


def _strip(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None


def _find_lines(text: str) -> Iterator[tuple[int, int]]:
    """Ranges of lines, wrapped ones joined with what they continue."""
    begin = 0
    previous: tuple[int, int] | None = None
    position = 0
    while position <= len(text):
        newline = text.find("\n", position)
        end = len(text) if newline < 0 else newline
        if previous is not None and not continues_line(text[slice(*previous)], text[position:end]):
            yield begin, previous[1]
            begin = position
        previous = (position, end)
        position = end + 1
    if previous is not None:
        yield begin, previous[1]


def continues_line(line: str, following: str) -> bool:
    """Whether `following` is the rest of a sentence that was wrapped at the end of `line`."""
    tail = line.rstrip()
    head = following.lstrip()
    if not tail or not head or len(following) - len(head) > 3:
        return False
    if tail[-1] in ".!?…:;。！？" or _MARKER.match(following) or head[0] in "#|>`":
        return False
    if _CODE_LINE.match(line) or _CODE_LINE.match(following):
        return False
    if head[0].islower():
        return len(tail) >= _WRAPPED_LINE
    return len(tail) >= _FULL_LINE and (head[0].isalnum() or head[0] in "\"'“‘«„([")


def _find_ends(text: str, start: int, end: int) -> Iterator[int]:
    code = [match.span() for match in _INLINE_CODE.finditer(text, start, end)]
    code_ends = [closed for _, closed in code]
    candidates = sorted(
        [(match.end(), match) for match in _WESTERN_END.finditer(text, start, end)]
        + [(match.end(), match) for match in _EASTERN_END.finditer(text, start, end)],
        key=lambda candidate: candidate[0],
    )
    for boundary, match in candidates:
        nearest = bisect_left(code_ends, match.start() + 2)
        if nearest < len(code) and code[nearest][0] < match.start():
            continue
        if match.re is _EASTERN_END or _ends_sentence(text, start, end, match):
            yield boundary


def _ends_sentence(text: str, start: int, end: int, match: re.Match[str]) -> bool:
    rest = text[match.end() : min(end, match.end() + 40)].lstrip()
    if not rest or not (rest[0].isalnum() or rest[0] in _OPENERS):
        return False
    mark = match.group()
    if mark[0] != ".":
        return not rest[0].islower() or mark == "?"
    if mark.startswith(".."):
        return not rest[0].islower()
    return _full_stop_ends(_word_before(text, start, match.start()), mark, rest)


def _word_before(text: str, start: int, stop: int) -> str:
    begin = stop
    while begin > start and not text[begin - 1].isspace() and stop - begin < 40:
        begin -= 1
    return text[begin:stop].lstrip(_OPENERS)


def _full_stop_ends(word: str, mark: str, rest: str) -> bool:
    """Whether a full stop after `word`, with `rest` to follow, ends a sentence."""
    bare = word.lower()
    following = re.match(r"[^\W\d_]+", rest.lstrip(_OPENERS))
    starts_anew = following is not None and following.group().lower() in _STARTERS
    if bare in _NEVER_LAST:
        # "No." and "p." need a number after them to be abbreviations
        return bare in {"no", "p", "al"} and not rest[0].isdigit() and rest[0].isupper()
    if rest[0].islower():
        return len(mark) == 1 and len(bare) >= 4 and bare not in _SOMETIMES_LAST
    if bare in _ALWAYS_LAST:
        return True
    if bare in _SOMETIMES_LAST or re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word):
        return starts_anew
    if len(word) == 1 and word.isalpha() and word.isupper():
        return starts_anew and word != "I"
    return True
