"""Finding the elements that a person uses in blocks, and what using them sends to the app."""

from collections.abc import Iterator
from typing import Any

_SELECTED = {
    "users_select": "selected_user", "channels_select": "selected_channel",
    "conversations_select": "selected_conversation", "datepicker": "selected_date",
    "timepicker": "selected_time", "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users", "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
}  # fmt: skip
_ONE_OPTION = frozenset(["static_select", "external_select", "overflow", "radio_buttons"])
_MANY_OPTIONS = frozenset(["multi_static_select", "multi_external_select", "checkboxes"])


def elements_of(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every interactive element with its block_id."""
    for block in blocks:
        candidates = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
        candidates += block.get("actions") or []
        for element in candidates:
            if isinstance(element, dict) and "type" in element:
                yield block.get("block_id", ""), element


def find_control(
    blocks: list[dict[str, Any]], action_id: str, value: str | None = None
) -> tuple[str, dict[str, Any]]:
    """The element with this action_id (and, for buttons, this value), with its block_id.

    Raises LookupError that lists what there is.
    """
    there = []
    for block_id, element in elements_of(blocks):
        found = element.get("action_id")
        there.append(found)
        fits = element.get("type") != "button" or value is None or element.get("value") == value
        if found == action_id and fits:
            return block_id, element
    raise LookupError(f"no element with action_id {action_id!r} and value {value!r}; {there}")


def action_of(block_id: str, element: dict[str, Any], value: Any) -> dict[str, Any]:
    """The entry of `actions` that using the element sends."""
    kind = element["type"]
    action = {"type": kind, "action_id": element.get("action_id", ""), "block_id": block_id}
    if kind == "button":
        action |= {k: element[k] for k in ("text", "value", "style") if k in element}
    elif kind == "feedback_buttons":
        action |= _feedback(element, str(value))
    elif kind == "icon_button":
        action |= {k: element[k] for k in ("icon", "value") if k in element}
    else:
        action |= input_state(element, value)
    return action


def input_state(element: dict[str, Any], value: Any) -> dict[str, Any]:
    """What an input element holds after the person chose or typed `value`."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": None if value is None else _option(element, value)}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": [_option(element, item) for item in value or []]}
    return {"type": kind, _SELECTED.get(kind, "value"): value}


def initial_value(element: dict[str, Any]) -> Any:
    """What an input element holds before the person touches it."""
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    return next((v for k, v in element.items() if k.startswith("initial_")), None)


def _feedback(element: dict[str, Any], value: str) -> dict[str, Any]:
    for name in ("positive_button", "negative_button"):
        button = element[name]
        if value in (button["value"], name.removesuffix("_button")):
            return {"text": button["text"], "value": button["value"]}
    raise LookupError(f"no feedback button {value!r}")


def _option(element: dict[str, Any], value: str) -> dict[str, Any]:
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options.extend(group["options"])
    for option in options:
        if option["value"] == value:
            return dict(option)
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": value}, "value": value}
    raise LookupError(f"no option {value!r}; {[option['value'] for option in options]}")
