"""Components V2 as Discord's desktop client shows them, near enough to judge how a reply looks."""

import html
import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt

from tests.pictures.page import draw_avatar, escape

STYLE = """
body { background: #313338; color: #dbdee1; font-size: 16px; line-height: 1.375; }
a { color: #00a8fc; }
.head { color: #f2f3f5; font-weight: 600; }
.head small { color: #949ba4; font-size: 12px; font-weight: 400; margin-left: 8px; }
.app { background: #5865f2; color: #fff; font-size: 10px; font-weight: 700; padding: 1px 5px;
       border-radius: 3px; margin-left: 6px; vertical-align: 1px; }
.only { color: #949ba4; font-size: 13px; margin-top: 6px; }
.replies { color: #949ba4; font-size: 13px; margin: 0 0 2px; white-space: nowrap;
           overflow: hidden; text-overflow: ellipsis; }
code { background: #2b2d31; border-radius: 3px; font-size: 13.5px; padding: 2px 4px; }
pre { background: #2b2d31; border: 1px solid #1e1f22; border-radius: 4px; font-size: 13.5px;
      padding: 8px; margin: 6px 0; white-space: pre-wrap; }
pre code { padding: 0; }
blockquote { border-left: 4px solid #4e5058; margin: 4px 0; padding-left: 12px; }
h3 { font-size: 17px; margin: 8px 0 4px; color: #f2f3f5; }
.small { color: #949ba4; font-size: 13px; }
hr { border: 0; border-top: 1px solid #3f4147; margin: 8px 0; }
.button { background: #4e5058; color: #fff; border-radius: 4px; font-size: 14px;
          font-weight: 500; padding: 6px 14px; }
.primary { background: #5865f2; } .danger { background: #da373c; } .success { background: #248046; }
.container { background: #2b2d31; border-left: 4px solid #4e5058; border-radius: 6px;
             padding: 12px; }
.select { background: #1e1f22; border-radius: 4px; color: #949ba4; padding: 9px 12px; flex: 1; }
.select::after { content: '⌄'; float: right; }
"""
STYLES = {1: "primary", 2: "", 3: "success", 4: "danger"}
_SMALL = re.compile(r"^-# (.*)$", re.MULTILINE)


def draw_message(
    name: str,
    time: str,
    components: Sequence[dict[str, Any]],
    *,
    text: str = "",
    replies_to: str = "",
    only: bool = False,
) -> str:
    """A message; without components, its text."""
    said = "".join(map(_draw, components)) if components else f"<p>{escape(text)}</p>"
    app = "<span class='app'>APP</span>" if name == "Footnote" else ""
    above = f"<div class='replies'>↱ {html.escape(replies_to)}</div>" if replies_to else ""
    below = "<div class='only'>👁 Only you can see this · Dismiss message</div>" if only else ""
    return (
        f"<div class='message'>{draw_avatar(name, '50%')}<div class='said'>{above}"
        f"<div class='head'>{html.escape(name)}{app}<small>{time}</small></div>{said}{below}"
        "</div></div>"
    )


def _draw(part: dict[str, Any]) -> str:
    """A component by the number of its type: https://discord.com/developers/docs/components"""
    match part["type"]:
        case 10:
            return f"<div>{draw_markdown(part['content'])}</div>"
        case 14:
            return "<hr>" if part.get("divider", True) else "<br>"
        case 1:
            return f"<div class='buttons'>{''.join(map(_draw, part['components']))}</div>"
        case 2:
            label = html.escape(f"{_read_emoji(part)} {part.get('label') or ''}".strip())
            return f"<span class='button {STYLES.get(part['style'], '')}'>{label}</span>"
        case 3 | 5 | 6 | 7 | 8:
            return f"<div class='select'>{html.escape(part.get('placeholder') or 'Choose')}</div>"
        case 17:
            return f"<div class='container'>{''.join(map(_draw, part['components']))}</div>"
        case 9:
            return "".join(map(_draw, [*part["components"], part["accessory"]]))
        case other:
            raise ValueError(f"components of the type {other} are not drawn")


def _read_emoji(part: dict[str, Any]) -> str:
    return str((part.get("emoji") or {}).get("name") or "")


def draw_markdown(text: str) -> str:
    """Discord's markdown, which is CommonMark but for small print and line breaks."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")
    pieces = []
    rest = 0
    for small in _SMALL.finditer(text):
        pieces.append(parser.render(text[rest : small.start()]))
        pieces.append(f"<div class='small'>{parser.renderInline(small[1])}</div>")
        rest = small.end()
    pieces.append(parser.render(text[rest:]))
    return "".join(pieces)
