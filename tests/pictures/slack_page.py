"""Block Kit as Slack's desktop client shows it, near enough to judge how a reply looks."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

from markdown_it import MarkdownIt

from tests.pictures.page import draw_avatar, escape

STYLE = """
body { background: #fff; color: #1d1c1d; font-size: 15px; }
a { color: #1264a3; }
.head { font-weight: 700; } .head small { color: #616061; font-weight: 400; margin-left: 8px; }
.app { background: #e8e8e8; color: #616061; font-size: 10px; font-weight: 700; padding: 1px 4px;
       border-radius: 2px; margin-left: 6px; vertical-align: 1px; }
.only { color: #616061; font-size: 13px; margin-bottom: 2px; }
code { background: #f6f6f6; border: 1px solid #ddd; border-radius: 3px; color: #c01343;
       font-size: 12px; padding: 2px 4px; }
pre { background: #f8f8f8; border: 1px solid #ddd; border-radius: 4px; font-size: 12px;
      padding: 8px; margin: 6px 0; white-space: pre-wrap; }
blockquote { border-left: 4px solid #ddd; margin: 4px 0; padding-left: 14px; }
.context { color: #616061; font-size: 13px; margin: 8px 0; }
.button { border: 1px solid #bbb; border-radius: 4px; font-size: 13px; font-weight: 700;
          padding: 4px 12px; background: #fff; }
.primary { background: #007a5a; color: #fff; border-color: #007a5a; }
.danger { color: #e01e5a; border-color: #e01e5a; }
table { border-collapse: collapse; margin: 6px 0; font-size: 14px; }
td { border: 1px solid #ddd; padding: 6px 10px; } tr:first-child td { font-weight: 700; }
.section { display: flex; justify-content: space-between; align-items: center; gap: 16px; }
.section p { color: #616061; font-size: 13px; } .section b { color: #1d1c1d; font-size: 15px; }
.section .field { min-height: 0; padding: 5px 10px; min-width: 230px; color: #1d1c1d; }
.home { max-width: 700px; }
hr { border: 0; border-top: 1px solid #ddd; margin: 12px 0; }
h2 { font-size: 18px; margin: 8px 0; }
.plan { border: 1px solid #ddd; border-radius: 8px; color: #616061; font-size: 13px;
        margin: 6px 0 10px; padding: 8px 12px; }
.modal { border: 1px solid #ddd; border-radius: 8px; box-shadow: 0 8px 30px #0003; }
.modal header, .modal footer { padding: 14px 20px; } .modal header { font-size: 20px;
      font-weight: 900; border-bottom: 1px solid #ddd; } .modal main { padding: 6px 20px 14px; }
.modal footer { border-top: 1px solid #ddd; text-align: right; }
label { display: block; font-weight: 700; margin: 12px 0 4px; }
.field { border: 1px solid #868686; border-radius: 4px; color: #767676; min-height: 40px;
         padding: 8px 10px; }
.field.select::after { content: '⌄'; float: right; }
.hint { color: #616061; font-size: 13px; margin-top: 3px; }
"""
_ENTITY = re.compile(r"&lt;([^|&]*(?:&amp;[^|&]*)*)\|(.*?)&gt;")


def draw_message(
    name: str, time: str, blocks: Sequence[dict[str, Any]], *, text: str = "", only: bool = False
) -> str:
    """A message; without blocks, its text."""
    said = draw_blocks(blocks) if blocks else f"<p>{escape(text)}</p>"
    app = "<span class='app'>APP</span>" if name == "Footnote" else ""
    whisper = "<div class='only'>👁 Only visible to you</div>" if only else ""
    return (
        f"<div class='message'>{draw_avatar(name, '4px')}<div class='said'>{whisper}"
        f"<div class='head'>{html.escape(name)}{app}<small>{time}</small></div>{said}</div></div>"
    )


def draw_view(view: dict[str, Any]) -> str:
    """A modal, or the Home tab of an app."""
    body = draw_blocks(view["blocks"])
    if view["type"] == "home":
        return f"<div class='home'>{body}</div>"
    buttons = [
        f"<span class='button {kind}'>{_read(view[part])}</span>"
        for part, kind in (("close", ""), ("submit", "primary"))
        if view.get(part)
    ]
    return (
        f"<div class='modal'><header>{_read(view['title'])}</header><main>{body}</main>"
        f"<footer>{' '.join(buttons)}</footer></div>"
    )


def draw_blocks(blocks: Iterable[dict[str, Any]]) -> str:
    """Blocks, one below the other."""
    return "".join(_draw_block(block) for block in blocks)


def _draw_block(block: dict[str, Any]) -> str:
    match block["type"]:
        case "rich_text":
            return "".join(_draw_rich(part) for part in block["elements"])
        case "context":
            return f"<div class='context'>{'<br>'.join(map(_read, block['elements']))}</div>"
        case "section":
            texts = [block["text"]] if block.get("text") else block.get("fields") or []
            beside = _draw_element(block["accessory"]) if block.get("accessory") else ""
            return f"<div class='section'><p>{'<br>'.join(map(_read, texts))}</p>{beside}</div>"
        case "header":
            return f"<h2>{_read(block['text'])}</h2>"
        case "markdown":
            return MarkdownIt("commonmark", {"html": False}).render(block["text"])
        case "divider":
            return "<hr>"
        case "plan":
            tasks = "".join(map(_draw_task, block.get("tasks") or []))
            return f"<div class='plan'><b>{html.escape(block['title'])}</b>{tasks}</div>"
        case "task_card":
            return _draw_task(block)
        case "table":
            rows = (
                "".join(f"<td>{_draw_cell(cell)}</td>" for cell in row) for row in block["rows"]
            )
            return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        case "actions" | "context_actions":
            elements = "".join(map(_draw_element, block["elements"]))
            return f"<div class='buttons'>{elements}</div>"
        case "input":
            hint = f"<div class='hint'>{_read(block['hint'])}</div>" if block.get("hint") else ""
            optional = " <span class='hint'>(optional)</span>" if block.get("optional") else ""
            label = f"<label>{_read(block['label'])}{optional}</label>"
            return f"{label}{_draw_element(block['element'])}{hint}"
        case other:
            raise ValueError(f"blocks of the type {other} are not drawn")


def _draw_task(task: dict[str, Any]) -> str:
    sign = {"complete": "✓", "error": "✕"}.get(task["status"], "○")
    return f"<div class='task'>{sign} {html.escape(task['title'])}</div>"


def _draw_element(element: dict[str, Any]) -> str:
    kind = element["type"]
    if kind == "button":
        label = _read(element["text"])
        return f"<span class='button {element.get('style', '')}'>{label}</span>"
    if kind == "feedback_buttons":
        return "<span class='button'>👍</span><span class='button'>👎</span>"
    if kind == "icon_button":
        return f"<span class='button'>{_read(element['text'])}</span>"
    if kind == "overflow":
        return "<span class='button'>⋯</span>"
    chosen = element.get("initial_option")
    stands = chosen["text"] if chosen else {"text": element.get("initial_value") or ""}
    shown = _read(stands) or _read(element.get("placeholder") or {"text": " "})
    return f"<div class='field{' select' if 'select' in kind else ''}'>{shown or '&nbsp;'}</div>"


def _draw_cell(cell: dict[str, Any]) -> str:
    if cell["type"] == "rich_text":
        return "".join(_draw_rich(part) for part in cell["elements"])
    return escape(cell["text"])


def _draw_rich(part: dict[str, Any]) -> str:
    kind = part["type"]
    if kind == "rich_text_list":
        tag = "ol" if part["style"] == "ordered" else "ul"
        start = f" start='{part['offset'] + 1}'" if part.get("offset") else ""
        items = "".join(f"<li>{_draw_leaves(item)}</li>" for item in part["elements"])
        margin = 24 * part.get("indent", 0)
        return f"<{tag}{start} style='margin-left:{margin}px'>{items}</{tag}>"
    wrapper = {"rich_text_preformatted": "pre", "rich_text_quote": "blockquote"}.get(kind, "div")
    return f"<{wrapper}>{_draw_leaves(part)}</{wrapper}>"


def _draw_leaves(part: dict[str, Any]) -> str:
    return "".join(map(_draw_leaf, part["elements"]))


def _draw_leaf(leaf: dict[str, Any]) -> str:
    if leaf["type"] == "user":
        return f"<a>@{html.escape(leaf['user_id'])}</a>"
    if leaf["type"] == "link":
        return f"<a href='{html.escape(leaf['url'])}'>{escape(leaf.get('text') or leaf['url'])}</a>"
    shown = escape(leaf["text"])
    style = leaf.get("style") or {}
    for name, tag in (("code", "code"), ("bold", "b"), ("italic", "i"), ("strike", "s")):
        shown = f"<{tag}>{shown}</{tag}>" if style.get(name) else shown
    return shown


def _read(text: dict[str, Any]) -> str:
    """A text object; of mrkdwn what our renderer makes: links, bold, code."""
    if text.get("type") != "mrkdwn":
        return escape(text["text"])
    shown = html.escape(html.unescape(text["text"])) if "<" not in text["text"] else _keep(text)
    shown = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", shown)
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", shown).replace("\n", "<br>")


def _keep(text: dict[str, Any]) -> str:
    return re.sub(r"<([^|>]*)\|([^>]*)>", r"<a href='\1'>\2</a>", text["text"])
