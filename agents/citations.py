"""Checks a draft against the passages it cites: pure functions over text.

A draft is Markdown whose [n] count the passages from 1. What leaves here holds no URL, no image, no
mark that points nowhere and no sentence that its passage does not bear; marks are dense from 1.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.sentences import split_sentences

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_CODE_SPAN = re.compile(r"(`+)(?:(?!\1).)+?\1")
_MARKS = re.compile(r"(?:\s*\[\d{1,3}\])+")
_MARK = re.compile(r"\[(\d{1,3})\]")
_MARKED_END = re.compile(r"[.!?:…。！？：][\"'”’)]*\s*(?:\[\d{1,3}\]\s*)+(?=[\"'“‘(]?[^\W\d_a-z])")
_LOOSE = re.compile(
    r"[\[【]\s*\^?\s*(?:(?:sources?|refs?|citations?|passages?|doc(?:ument)?s?)\b[.:#]?\s*)?\^?"
    r"(\d{1,3}(?:\s*(?:[,;&–—-]|and|und|et|y)\s*\^?\d{1,3})*)\s*(?:[†‡:][^\]】\n]{0,40})?\s*[\]】]"
    r"(?!\()",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d{1,3})\s*[–—-]\s*(\d{1,3})|(\d{1,3})")
_WIDEST_RANGE = 12

_IMAGE = re.compile(r"!\[([^\]\n]*)\](?:\([^)\n]*\)?|\[[^\]\n]*\])")
_LINK = re.compile(r"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_REFERENCE = re.compile(r"^\s*\[[^\]\n]+\]:\s+\S.*$", re.MULTILINE)
_SLACK_LINK = re.compile(r"<(?:[a-z][a-z0-9+.-]*:|//)[^>|\s]*(?:\|([^>\n]*))?>", re.IGNORECASE)
_HTML = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>\n]*)?/?>", re.IGNORECASE)
_URL = re.compile(
    r"(?<![\w@])(?:(?:[a-z][a-z0-9+.-]{1,20}:)?//(?=\w)|www\d?\."
    r"|(?:mailto|data|javascript|tel):(?=\S))"
    r"[^\s<>\"'`|\])】]+|(?<![\w@./-])(?:[a-z0-9-]+\.)+[a-z]{2,12}/[^\s<>\"'`|\])】]*",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*:)?//(?:localhost|127(?:\.\d+){3}|\[?::1\]?|0\.0\.0\.0"
    r"|(?:[\w-]+\.)*example(?:\.(?:com|org|net))?)(?=[:/?#]|$)",
    re.IGNORECASE,
)
_LINK_REMOVED = "(link in the source)"

_HEDGE = re.compile(
    r"\b(?:I (?:don't|do not|can't|cannot|could not|couldn't|did not|didn't)"
    r" (?:know|find|have|see|tell)"
    r"|(?:the|these|your|my|provided|available) (?:sources?|documents?|passages?)[^.]{0,40}"
    r" (?:don't|do not|doesn't|does not|did not|didn't|contain no|say nothing)"
    r"|not (?:mentioned|stated|specified|covered)"
    r"|die quellen|les sources ne|las fuentes no)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_ASSENT = re.compile(
    r"\W*(?:yes|no|not yet|it depends|both|neither|ja|nein|oui|non|sí|si|sim|…)\W*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a draft: where it starts and ends (marks included), and what it cites.

    `stated` tells that it states a fact, and so needs a passage; `lead` that it introduces what
    follows it; `block` numbers the paragraph or list it stands in. A list item and a block of code
    need no mark of their own under a line that cites the same passage: `inherits`.
    """

    start: int
    end: int
    text: str
    marks: tuple[int, ...]
    stated: bool
    lead: bool
    block: int
    item: bool = False
    code: bool = False
    inherits: bool = False


@dataclass(frozen=True, slots=True)
class CheckedText:
    """`text` with dense marks; `used[i]` is the passage (from 0) behind mark i + 1, `quotes[i]`
    the first claim that cites it; `removed` are the sentences that did not hold."""

    text: str
    used: tuple[int, ...]
    quotes: tuple[str, ...]
    removed: tuple[str, ...]


def clean_draft(draft: str, passages: int, titles: Mapping[str, str]) -> str:
    """The draft with marks in one form and in range, and without URLs, images and HTML.

    `titles` maps stored URLs to the titles that replace them.
    """
    pieces: list[str] = []
    for text, is_code in _split_code(draft):
        if is_code:
            pieces.append(_URL.sub(lambda match: _replace_url(match, titles), text))
        else:
            pieces.append(_keep_in_range(normalise_marks(_strip_links(text, titles)), passages))
    return "".join(pieces).strip()


def normalise_marks(text: str) -> str:
    """Every usual way of citing, as [n][m]: [1, 2], [1-3], 【1†a】, [^1], [source 1]."""

    def rewrite(match: re.Match[str]) -> str:
        numbers: list[int] = []
        for low, high, single in _RANGE.findall(match.group(1)):
            if single:
                numbers.append(int(single))
            elif 0 <= int(high) - int(low) <= _WIDEST_RANGE:
                numbers += range(int(low), int(high) + 1)
        return "".join(f"[{number}]" for number in dict.fromkeys(numbers))

    return _LOOSE.sub(rewrite, text)


def find_claims(text: str) -> list[Claim]:
    """The sentences of a cleaned draft in order; a fenced block of code is one claim."""
    claims: list[Claim] = []
    position = block = 0
    fence_start: int | None = None
    for line, is_code in _split_lines(text):
        end = position + len(line)
        if is_code:
            closes = fence_start is not None and (_FENCE.match(line) or end == len(text))
            if fence_start is None:
                fence_start = position
            elif closes:
                claims.append(_claim_of_code(text, fence_start, end, block))
                fence_start = None
        elif line.strip():
            claims += _claims_of_line(line, position, block)
        else:
            block += 1
        position = end
    return claims


def attach_marks(claims: Sequence[Claim], borne: Mapping[tuple[int, int], bool]) -> list[Claim]:
    """The claims with the marks that hold; `borne[(claim, passage from 1)]` tells which do.

    A stated claim without a mark takes over one that holds, its neighbours' first. Claims whose
    `marks` are empty afterwards are not borne by anything.
    """
    attached: list[Claim] = []
    for index, claim in enumerate(claims):
        if not claim.stated:
            attached.append(replace(claim, marks=()))
            continue
        own = tuple(mark for mark in claim.marks if borne.get((index, mark)))
        if not own:
            every = sorted({mark for at, mark in borne if at == index})
            before = attached[-1].marks if attached and (claim.item or claim.code) else ()
            near = [*before, *_marks_near(claims, index), *every]
            own = tuple(mark for mark in near if borne.get((index, mark)))[:1]
        above = attached[-1] if attached else None
        inherits = (
            (claim.item or claim.code)
            and not claim.marks
            and above is not None
            and (above.lead or above.inherits or claim.code)
            and above.marks == own
        )
        attached.append(replace(claim, marks=own, inherits=inherits))
    return attached


def _marks_near(claims: Sequence[Claim], index: int) -> list[int]:
    return [
        mark
        for other in (index + 1, index - 1, index + 2, index - 2)
        if 0 <= other < len(claims) and claims[other].block == claims[index].block
        for mark in claims[other].marks
    ]


def settle(text: str, claims: Sequence[Claim]) -> CheckedText:
    """Leave out what does not hold, and number the marks densely in order of appearance."""
    kept = _keep_introduced([claim for claim in claims if claim.marks or not claim.stated])
    numbers: dict[int, int] = {}
    quotes: list[str] = []
    pieces: list[str] = []
    position = 0
    keeping = {claim.start for claim in kept}
    for claim in claims:
        pieces.append(text[position : claim.start])
        position = claim.end
        if claim.start not in keeping:
            continue
        for mark in claim.marks:
            if mark not in numbers:
                numbers[mark] = len(numbers) + 1
                quotes.append(claim.text)
        pieces.append(_with_marks(text[claim.start : claim.end], claim, numbers))
    pieces.append(text[position:])
    removed = tuple(claim.text for claim in claims if claim.start not in keeping)
    return CheckedText(
        text=_tidy("".join(pieces)),
        used=tuple(mark - 1 for mark in numbers),
        quotes=tuple(quotes),
        removed=removed,
    )


def _with_marks(raw: str, claim: Claim, numbers: Mapping[int, int]) -> str:
    bare = _outside_code(raw, lambda part: _MARKS.sub("", part)).rstrip()
    marks = "".join(f"[{numbers[mark]}]" for mark in dict.fromkeys(claim.marks))
    if claim.inherits or not marks:
        return bare
    return f"{bare}\n{marks}" if claim.code else f"{bare} {marks}"


def _keep_introduced(kept: Sequence[Claim]) -> list[Claim]:
    """Claims without leads that nothing follows; of text without any claim, what it admits."""
    last = max((at for at, claim in enumerate(kept) if not claim.lead), default=-1)
    result = list(kept[: last + 1])
    if any(claim.stated for claim in result):
        return result
    return [claim for claim in result if _HEDGE.search(claim.text)]


def _claims_of_line(line: str, offset: int, block: int) -> list[Claim]:
    claims: list[Claim] = []
    spans = [(span.start, span.end) for span in split_sentences(line)]
    for start, end in _part_at_marks(line, _join_marks(line, spans)):
        raw = line[start:end]
        bare = _outside_code(raw, lambda part: _MARKS.sub("", part)).strip()
        marks = _find_marks(raw)
        plain = bare.rstrip("*_ ")
        asks = plain.endswith(("?", "？"))
        lead = plain.endswith((":", "：")) or (asks and bare.startswith(("**", "__")))
        heading = line.lstrip().startswith("#")
        stated = bool(
            not heading
            and not lead
            and not asks
            and not _HEDGE.search(bare)
            and not _ASSENT.fullmatch(bare)
        )
        stated = stated or (lead and bool(marks))
        claims.append(
            Claim(
                offset + start,
                offset + end,
                bare,
                tuple(marks),
                stated,
                lead or heading,
                block,
                item=_ITEM.match(line) is not None,
            )
        )
    return claims


def _claim_of_code(text: str, start: int, end: int, block: int) -> Claim:
    raw = text[start:end].rstrip("\n")
    code = "\n".join(line for line in raw.splitlines() if not _FENCE.match(line))
    return Claim(start, start + len(raw), code, (), bool(code.strip()), False, block, code=True)


def _find_marks(raw: str) -> list[int]:
    plain = (part for part, is_code in _split_code(raw) if not is_code)
    return [int(mark) for part in plain for mark in _MARK.findall(part)]


def _join_marks(line: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentence spans with marks that follow a full stop counted to the sentence before them."""
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        start = begin
        leading = re.match(r"(?:\[\d{1,3}\]\s*)+[.!?]?\s*", line[start:end])
        if joined and leading:
            joined[-1] = (joined[-1][0], start + len(leading.group().rstrip()))
            start += leading.end()
        if start < end:
            joined.append((start, end))
    return joined


def _part_at_marks(line: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans, ended also at marks behind a stop: that of 'yes or no. [1]' is one."""
    for begin, end in spans:
        start = begin
        for match in _MARKED_END.finditer(line, begin, end):
            if match.end() < end and line.count("`", begin, match.end()) % 2 == 0:
                yield start, match.end()
                start = match.end()
        yield start, end


def _split_code(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, with whether each is code: fenced lines, and spans within a line."""
    pieces: list[tuple[str, bool]] = []
    for line, is_code in _split_lines(text):
        if is_code:
            pieces.append((line, True))
            continue
        position = 0
        for match in _CODE_SPAN.finditer(line):
            pieces.append((line[position : match.start()], False))
            pieces.append((match.group(), True))
            position = match.end()
        pieces.append((line[position:], False))
    return pieces


def _split_lines(text: str) -> list[tuple[str, bool]]:
    lines: list[tuple[str, bool]] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        edge = _FENCE.match(line) is not None
        lines.append((line, fenced or edge))
        if edge:
            fenced = not fenced
    return lines


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if is_code else change(part) for part, is_code in _split_code(text))


def _strip_links(text: str, titles: Mapping[str, str]) -> str:
    text = _IMAGE.sub("", text)
    text = _REFERENCE.sub("", text)
    text = _SLACK_LINK.sub(lambda match: match.group(1) or _replace_url(match, titles), text)
    previous = None
    while previous != text:
        previous = text
        text = _LINK.sub(r"\1", text)
    text = _HTML.sub("", text)
    return _URL.sub(lambda match: _replace_url(match, titles), text)


def _replace_url(match: re.Match[str], titles: Mapping[str, str]) -> str:
    url = match.group().strip("<>")
    address = url.rstrip(".,;:!?*_")
    if _HARMLESS.match(address):
        return match.group()
    return titles.get(address, _LINK_REMOVED) + url[len(address) :]


def _keep_in_range(text: str, passages: int) -> str:
    return _MARK.sub(
        lambda match: match.group() if 1 <= int(match.group(1)) <= passages else "", text
    )


def _tidy(text: str) -> str:
    """No list marker without an item, no runs of blank lines or blanks."""
    lines: list[str] = []
    for line, is_code in _split_lines(text):
        bare = line.rstrip()
        if not is_code:
            if re.fullmatch(r"\s*(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)\s*", bare):
                continue
            indent = re.match(r"\s*", bare)
            lead = indent.group() if indent else ""
            bare = lead + re.sub(r"[ \t]{2,}", " ", bare[len(lead) :])
            bare = re.sub(r"\s+([.,;:!?])(?=\s|$)", r"\1", bare)
        lines.append(bare)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
