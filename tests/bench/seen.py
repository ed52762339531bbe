"""What a person sees of a message on Slack and on Discord, read from what the platform was sent.

Written against the platforms' documentation and not with the renderers' own code, so that it can
tell where they are wrong.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TEXT_DISPLAY = 10

_FENCE = re.compile(r"```(?:[\w+#.-]*\n)?(.*?)```", re.DOTALL)
_INLINE_CODE = re.compile(r"(?<!\\)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MASKED = re.compile(r"(?<!\\)\[((?:\\.|\[[^\]]*\]|[^\[\]\\])*)\]\(<([^>]*)>\)")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_ENTITY = re.compile(r"<([^>]*)>")
_PING = re.compile(r"<(?:@|#|:|a:|/|t:|id:)|@(?:everyone|here)", re.IGNORECASE)
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://\S|discord\.gg/|discord(?:app)?\.com/invite/", re.IGNORECASE
)


@dataclass(slots=True)
class Seen:
    """`text` is all of it in reading order, `code` what stands in blocks of code, `links` what can
    be opened; `faults` is what is broken or reaches out, in words."""

    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def see_slack(arguments: Mapping[str, Any]) -> Seen:
    """A call of chat.postMessage; reference/block-kit/blocks in Slack's documentation."""
    seen = Seen()
    if arguments.get("unfurl_links") is not False or arguments.get("unfurl_media") is not False:
        seen.faults.append("addresses may unfurl")
    if entities := _ENTITY.findall(str(arguments.get("text") or "")):
        seen.faults.append(f"the text for notifications holds <{entities[0]}>")
    for block in arguments["blocks"]:
        _see_block(block, seen)
    return seen


def _see_block(block: Mapping[str, Any], seen: Seen) -> None:
    match block["type"]:
        case "rich_text":
            for part in block["elements"]:
                _see_rich(part, seen)
                seen.text.append("\n")
        case "table":
            for row in block["rows"]:
                for cell in row:
                    _see_rich(cell, seen)
                    seen.text.append("\n")
        case "context":
            for element in block["elements"]:
                _see_mrkdwn(element, seen)
        case "actions" | "context_actions" | "divider":
            pass
        case other:
            seen.faults.append(f"a block of the type {other}")


def _see_rich(part: Mapping[str, Any], seen: Seen) -> None:
    match part["type"]:
        case "text" | "raw_text":
            seen.text.append(part["text"])
        case "link":
            seen.links.append(part["url"])
            seen.text.append(part["text"])
        case "rich_text_preformatted":
            code = "".join(element["text"] for element in part["elements"])
            seen.code.append(code)
            seen.text += ["\n", code, "\n"]
        case "rich_text" | "rich_text_section" | "rich_text_list" | "rich_text_quote":
            for child in part["elements"]:
                _see_rich(child, seen)
                if part["type"] == "rich_text_list":
                    seen.text.append("\n")
        case other:
            seen.faults.append(f"an element of the type {other}")


def _see_mrkdwn(element: Mapping[str, Any], seen: Seen) -> None:
    if element["type"] != "mrkdwn" or not element.get("verbatim"):
        seen.faults.append("small print that Slack reads for names and links")
    for entity in _ENTITY.findall(element["text"]):
        target, bar, _ = entity.partition("|")
        if bar and target.startswith("http"):
            seen.links.append(_unescape(target))
        else:
            seen.faults.append(f"small print holds <{entity}>")
    seen.text.append(
        _unescape(_ENTITY.sub(lambda found: found[1].partition("|")[2], element["text"]))
    )


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def see_discord(body: Mapping[str, Any]) -> Seen:
    """A message, with whom it `pinged`; after the component reference and guide to markdown."""
    seen = Seen()
    if not int(body.get("flags") or 0) & (1 << 2):
        seen.faults.append("addresses may unfurl")
    if body["pinged"]:
        seen.faults.append(f"pings {body['pinged']}")
    for text in _find_texts(body["components"]):
        _see_markdown(text, seen)
    return seen


def _find_texts(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        if component["type"] == TEXT_DISPLAY:
            yield component["content"]
        yield from _find_texts(component.get("components") or [])


def _see_markdown(text: str, seen: Seen) -> None:
    text = _unquote(text)
    if text.count("```") % 2:
        seen.faults.append("a fence stays open")
    rest = 0
    for fence in _FENCE.finditer(text):
        _see_line(text[rest : fence.start()], seen)
        seen.code.append(fence[1].removesuffix("\n").replace("\u200b", ""))
        seen.text += ["\n", seen.code[-1], "\n"]
        rest = fence.end()
    _see_line(text[rest:], seen)


def _unquote(text: str) -> str:
    """The text without the signs of quotes, which stand before lines of code within a quote, too.

    A line of code that is not quoted may begin with such a sign.
    """
    lines: list[str] = []
    within = ""
    for line in text.split("\n"):
        quoted = line.startswith("> ") and within != "code"
        plain = line[2:] if quoted else line
        if plain.lstrip().startswith("```"):
            within = "" if within else "quoted code" if quoted else "code"
        lines.append(plain)
    return "\n".join(lines)


def _see_line(text: str, seen: Seen) -> None:
    rest = 0
    for code in _INLINE_CODE.finditer(text):
        _see_words(text[rest : code.start()], seen)
        seen.text.append(code[2])
        rest = code.end()
    _see_words(text[rest:], seen)


def _see_words(text: str, seen: Seen) -> None:
    seen.links += [found[2] for found in _MASKED.finditer(text)]
    unmasked = _MASKED.sub(lambda found: found[1], text)
    active = _ESCAPED.sub("\u2060", unmasked)
    for pattern, what in ((_PING, "a mention"), (_ADDRESS, "an address")):
        if found := pattern.search(active):
            seen.faults.append(f"{what}: {active[max(found.start() - 10, 0) : found.end() + 10]!r}")
    if re.search(r"\]\((?!<)", active):
        seen.faults.append("a link to an address without < >")
    plain = _ESCAPED.sub(r"\1", unmasked).replace("\u200b", "")
    seen.text.append(re.sub(r"\*\*|~~|(?<!\w)_|_(?!\w)", "", plain))
