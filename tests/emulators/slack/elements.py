"""Limits on text objects and on the elements inside blocks."""

from collections.abc import Callable
from typing import Any


class Problems(list[str]):
    """Problems found so far, in Slack's words with the JSON pointer to each."""

    def add(self, what: str, pointer: str) -> None:
        """Note a problem."""
        self.append(f"{what} [json-pointer:{pointer}]")

    def string(self, value: Any, pointer: str, limit: int) -> bool:
        """Check a required string of 1 to `limit` characters."""
        if not isinstance(value, str):
            self.add("must be a string", pointer)
        elif not value:
            self.add("must be more than 0 characters", pointer)
        elif len(value) > limit:
            self.add(f"must be less than {limit + 1} characters", pointer)
        else:
            return True
        return False

    def text(self, value: Any, pointer: str, *, limit: int, plain: bool = False) -> bool:
        """Check a required text object."""
        return check_text_object(value, pointer, self, limit=limit, plain=plain)

    def items(self, value: Any, pointer: str, limit: int) -> bool:
        """Check a required list of 1 to `limit` items."""
        if not isinstance(value, list):
            self.add("must be an array", pointer)
        elif not value:
            self.add("no fewer than 1 items allowed", pointer)
        elif len(value) > limit:
            self.add(f"no more than {limit} items allowed", pointer)
        else:
            return True
        return False


def check_text_object(
    value: Any, pointer: str, problems: Problems, *, limit: int, plain: bool = False
) -> bool:
    """Check a text object: its type and 1 to `limit` characters of text."""
    if not isinstance(value, dict):
        problems.add("must be an object", pointer)
        return False
    allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if value.get("type") not in allowed:
        problems.add(f"unsupported type: {value.get('type')}", f"{pointer}/type")
        return False
    unknown = set(value) - {"type", "text", "emoji", "verbatim"}
    if unknown:
        problems.add(f"no more keys allowed: {', '.join(sorted(unknown))}", pointer)
    return problems.string(value.get("text"), f"{pointer}/text", limit)


def check_element(element: Any, pointer: str, problems: Problems, allowed: frozenset[str]) -> None:
    """Check one element of a block, which must be of an allowed type."""
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in allowed:
        problems.add(f"unsupported type: {kind}", f"{pointer}/type")
        return
    action_id = element.get("action_id")
    if action_id is not None:
        problems.string(action_id, f"{pointer}/action_id", 255)
    if element.get("confirm") is not None:
        _confirm(element["confirm"], f"{pointer}/confirm", problems)
    if element.get("placeholder") is not None:
        problems.text(element["placeholder"], f"{pointer}/placeholder", limit=150, plain=True)
    check = _CHECKS.get(str(kind))
    if check is not None:
        check(element, pointer, problems)


def _button(element: dict[str, Any], at: str, problems: Problems) -> None:
    problems.text(element.get("text"), f"{at}/text", limit=75, plain=True)
    for name, limit in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
        if element.get(name) is not None:
            problems.string(element[name], f"{at}/{name}", limit)
    if element.get("style") not in (None, "primary", "danger"):
        problems.add("must be one of: primary, danger", f"{at}/style")


def _image(element: dict[str, Any], at: str, problems: Problems) -> None:
    if element.get("slack_file") is None:
        problems.string(element.get("image_url"), f"{at}/image_url", 3000)
    problems.string(element.get("alt_text"), f"{at}/alt_text", 2000)


def _feedback_buttons(element: dict[str, Any], at: str, problems: Problems) -> None:
    for name in ("positive_button", "negative_button"):
        button = element.get(name)
        if not isinstance(button, dict):
            problems.add(f"missing required field: {name}", at)
            continue
        problems.text(button.get("text"), f"{at}/{name}/text", limit=75, plain=True)
        problems.string(button.get("value"), f"{at}/{name}/value", 2000)


def _icon_button(element: dict[str, Any], at: str, problems: Problems) -> None:
    problems.string(element.get("icon"), f"{at}/icon", 75)
    problems.text(element.get("text"), f"{at}/text", limit=75, plain=True)


def _options(
    limit: int, *, required: bool = True
) -> Callable[[dict[str, Any], str, Problems], None]:
    def check(element: dict[str, Any], at: str, problems: Problems) -> None:
        groups = element.get("option_groups")
        if groups is not None and problems.items(groups, f"{at}/option_groups", 100):
            for index, group in enumerate(groups):
                where = f"{at}/option_groups/{index}"
                problems.text(group.get("label"), f"{where}/label", limit=75, plain=True)
                _option_list(group.get("options"), where, problems, 100)
        elif groups is None:
            _option_list(element.get("options"), at, problems, limit)

    return check


def _option_list(options: Any, at: str, problems: Problems, limit: int) -> None:
    if not problems.items(options, f"{at}/options", limit):
        return
    for index, option in enumerate(options):
        where = f"{at}/options/{index}"
        if not isinstance(option, dict):
            problems.add("must be an object", where)
            continue
        problems.text(option.get("text"), f"{where}/text", limit=75)
        problems.string(option.get("value"), f"{where}/value", 150)
        if option.get("description") is not None:
            problems.text(option["description"], f"{where}/description", limit=75)


def _plain_text_input(element: dict[str, Any], at: str, problems: Problems) -> None:
    longest = element.get("max_length", 3000)
    if not isinstance(longest, int) or not 1 <= longest <= 3000:
        problems.add("must be between 1 and 3000", f"{at}/max_length")


def _number_input(element: dict[str, Any], at: str, problems: Problems) -> None:
    if not isinstance(element.get("is_decimal_allowed"), bool):
        problems.add("missing required field: is_decimal_allowed", at)


def _confirm(confirm: Any, at: str, problems: Problems) -> None:
    if not isinstance(confirm, dict):
        problems.add("must be an object", at)
        return
    problems.text(confirm.get("title"), f"{at}/title", limit=100, plain=True)
    problems.text(confirm.get("text"), f"{at}/text", limit=300)
    problems.text(confirm.get("confirm"), f"{at}/confirm", limit=30, plain=True)
    problems.text(confirm.get("deny"), f"{at}/deny", limit=30, plain=True)


_CHECKS: dict[str, Callable[[dict[str, Any], str, Problems], None]] = {
    "button": _button,
    "image": _image,
    "feedback_buttons": _feedback_buttons,
    "icon_button": _icon_button,
    "static_select": _options(100),
    "multi_static_select": _options(100),
    "overflow": _options(5),
    "checkboxes": _options(10),
    "radio_buttons": _options(10),
    "plain_text_input": _plain_text_input,
    "number_input": _number_input,
}
