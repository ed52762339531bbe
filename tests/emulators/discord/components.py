"""Checks on message components (classic rows and Components V2) and modals, and walks over them."""

from collections.abc import Iterator
from typing import Any

from .errors import FormErrors

ROW, BUTTON, SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 19, 21, 22, 23
MODERN_TOP = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
MODERN_NESTED = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
MODERN_TOTAL = 40
MODERN_TEXT = 4000
CUSTOM_ID = 100


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones and accessories included, in reading order."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if component.get(key):
                yield from walk([component[key]])


def number_components(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The components with an `id` each, as Discord fills them in (in place)."""
    taken = {component["id"] for component in walk(components) if component.get("id")}
    following = 1
    for component in walk(components):
        if not component.get("id"):
            while following in taken:
                following += 1
            component["id"] = following
            taken.add(following)
    return components


def shown_text(components: list[dict[str, Any]]) -> str:
    """What a person reads in Components V2: the text displays, one per line."""
    return "\n".join(c["content"] for c in walk(components) if c.get("type") == TEXT)


class _Check:
    """One pass over a component tree; faults land in `errors`."""

    def __init__(self, errors: FormErrors) -> None:
        self.errors = errors
        self.custom_ids: set[str] = set()

    def custom_id(self, path: str, component: dict[str, Any]) -> None:
        value = component.get("custom_id")
        if not value:
            self.errors.required(f"{path}.custom_id")
            return
        self.errors.length(f"{path}.custom_id", value, CUSTOM_ID, 1)
        if value in self.custom_ids:
            text = "Component custom id cannot be duplicated"
            self.errors.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", text)
        self.custom_ids.add(value)

    def button(self, path: str, button: dict[str, Any]) -> None:
        style = button.get("style")
        if style not in (1, 2, 3, 4, 5, 6):
            self.errors.choices(f"{path}.style", (1, 2, 3, 4, 5, 6))
        elif style == 5:
            if not button.get("url"):
                text = "A url is required"
                self.errors.add(f"{path}.url", "BUTTON_COMPONENT_URL_REQUIRED", text)
            elif len(button["url"]) > 512:
                self.errors.length(f"{path}.url", button["url"], 512)
            elif not button["url"].startswith(("http://", "https://", "discord://")):
                text = "Scheme must be one of ('http', 'https', 'discord')."
                self.errors.add(f"{path}.url", "URL_TYPE_INVALID_SCHEME", text)
            if button.get("custom_id"):
                text = "A custom id and url cannot both be specified"
                self.errors.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
        elif style != 6:
            self.custom_id(path, button)
        if button.get("label") is not None:
            self.errors.length(f"{path}.label", button["label"], 80)
        if style != 6 and not button.get("label") and not button.get("emoji"):
            text = "A button must have a label or an emoji"
            self.errors.add(path, "BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI", text)

    def select(self, path: str, select: dict[str, Any]) -> None:
        self.custom_id(path, select)
        if select.get("placeholder"):
            self.errors.length(f"{path}.placeholder", select["placeholder"], 150)
        least, most = select.get("min_values", 1), select.get("max_values", 1)
        if not 0 <= least <= 25:
            self.errors.add(f"{path}.min_values", "NUMBER_TYPE_MAX", "Value must be 0 to 25.")
        if not 1 <= most <= 25 or least > most:
            self.errors.add(f"{path}.max_values", "NUMBER_TYPE_MAX", "Value must be 1 to 25.")
        if select["type"] == SELECT:
            self.options(f"{path}.options", select.get("options"))

    def options(self, path: str, options: Any) -> None:
        if options is None:
            self.errors.required(path)
            return
        if not self.errors.count(path, options, 25, 1):
            return
        seen: set[str] = set()
        for number, option in enumerate(options):
            for key in ("label", "value"):
                self.errors.length(f"{path}.{number}.{key}", option.get(key, ""), 100, 1)
            if option.get("description"):
                self.errors.length(f"{path}.{number}.description", option["description"], 100)
            if option.get("value") in seen:
                text = "The specified option value is already used"
                code = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
                self.errors.add(f"{path}.{number}.value", code, text)
            seen.add(option.get("value", ""))

    def row(self, path: str, row: dict[str, Any]) -> None:
        children = row.get("components") or []
        if not self.errors.count(f"{path}.components", children, 5, 1):
            return
        width = sum(1 if child.get("type") == BUTTON else 5 for child in children)
        if width > 5 and len(children) <= 5:
            text = "The specified component exceeds the maximum width"
            code = "COMPONENT_LAYOUT_WIDTH_EXCEEDED"
            self.errors.add(f"{path}.components.{len(children) - 1}", code, text)
        for number, child in enumerate(children):
            below = f"{path}.components.{number}"
            if child.get("type") == BUTTON:
                self.button(below, child)
            elif child.get("type") in SELECTS:
                self.select(below, child)
            else:
                self.errors.choices(f"{below}.type", (BUTTON, *SELECTS))

    def section(self, path: str, section: dict[str, Any]) -> None:
        texts = section.get("components") or []
        self.errors.count(f"{path}.components", texts, 3, 1)
        for number, child in enumerate(texts):
            if child.get("type") != TEXT:
                self.errors.choices(f"{path}.components.{number}.type", (TEXT,))
            else:
                self.text(f"{path}.components.{number}", child)
        accessory = section.get("accessory")
        if not accessory:
            self.errors.required(f"{path}.accessory")
        elif accessory.get("type") == BUTTON:
            self.button(f"{path}.accessory", accessory)
        elif accessory.get("type") != THUMBNAIL:
            self.errors.choices(f"{path}.accessory.type", (BUTTON, THUMBNAIL))

    def text(self, path: str, text: dict[str, Any]) -> None:
        if not text.get("content"):
            self.errors.required(f"{path}.content")
        else:
            self.errors.length(f"{path}.content", text["content"], MODERN_TEXT, 1)

    def modern(self, path: str, component: dict[str, Any], allowed: tuple[int, ...]) -> None:
        kind = component.get("type")
        if kind not in allowed:
            self.errors.choices(f"{path}.type", allowed)
        elif kind == ROW:
            self.row(path, component)
        elif kind == SECTION:
            self.section(path, component)
        elif kind == TEXT:
            self.text(path, component)
        elif kind == GALLERY:
            self.errors.count(f"{path}.items", component.get("items") or [], 10, 1)
        elif kind == CONTAINER:
            for number, child in enumerate(component.get("components") or []):
                self.modern(f"{path}.components.{number}", child, MODERN_NESTED)


def check_components(errors: FormErrors, components: list[dict[str, Any]], *, modern: bool) -> None:
    """Check the components of a message against the limits; faults land in `errors`."""
    check = _Check(errors)
    if not modern:
        if errors.count("components", components, 5):
            for number, row in enumerate(components):
                check.modern(f"components.{number}", row, (ROW,))
        return
    if not errors.count("components", components, MODERN_TOTAL):
        return
    for number, component in enumerate(components):
        check.modern(f"components.{number}", component, MODERN_TOP)
    if sum(1 for _ in walk(components)) > MODERN_TOTAL:
        text = f"The total number of components cannot exceed {MODERN_TOTAL}"
        errors.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    size = sum(len(c.get("content") or "") for c in walk(components) if c.get("type") == TEXT)
    if size > MODERN_TEXT:
        text = f"Components displayable text size exceeds maximum size of {MODERN_TEXT}"
        errors.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)


def _check_text_input(check: _Check, path: str, item: dict[str, Any], *, labelled: bool) -> None:
    check.custom_id(path, item)
    if not labelled:
        check.errors.length(f"{path}.label", item.get("label") or "", 45, 1)
    if item.get("style") not in (1, 2):
        check.errors.choices(f"{path}.style", (1, 2))
    if item.get("placeholder"):
        check.errors.length(f"{path}.placeholder", item["placeholder"], 100)
    if item.get("value"):
        check.errors.length(f"{path}.value", item["value"], item.get("max_length") or 4000)
    for key, least in (("min_length", 0), ("max_length", 1)):
        if item.get(key) is not None and not least <= item[key] <= 4000:
            text = f"Value must be {least} to 4000."
            check.errors.add(f"{path}.{key}", "NUMBER_TYPE_MAX", text)


def _check_modal_item(check: _Check, path: str, item: dict[str, Any], *, labelled: bool) -> None:
    kind = item.get("type")
    if kind == TEXT_INPUT:
        _check_text_input(check, path, item, labelled=labelled)
    elif kind in SELECTS and labelled:
        check.select(path, item)
    elif kind in (UPLOAD, RADIO, CHECKBOXES, CHECKBOX) and labelled:
        check.custom_id(path, item)
    else:
        check.errors.choices(f"{path}.type", (TEXT_INPUT, *SELECTS))


def check_modal(modal: dict[str, Any]) -> None:
    """Check a modal: title 45, custom_id 100, 1 to 5 fields. Raises ApiError 50035."""
    errors = FormErrors()
    check = _Check(errors)
    errors.length("data.title", modal.get("title") or "", 45, 1)
    errors.length("data.custom_id", modal.get("custom_id") or "", CUSTOM_ID, 1)
    parts = modal.get("components") or []
    if errors.count("data.components", parts, 5, 1):
        for number, part in enumerate(parts):
            path = f"data.components.{number}"
            if part.get("type") == LABEL:
                errors.length(f"{path}.label", part.get("label") or "", 45, 1)
                if part.get("description"):
                    errors.length(f"{path}.description", part["description"], 100)
                item = part.get("component") or {}
                _check_modal_item(check, f"{path}.component", item, labelled=True)
            elif part.get("type") == ROW:
                for index, item in enumerate(part.get("components") or []):
                    below = f"{path}.components.{index}"
                    _check_modal_item(check, below, item, labelled=False)
            elif part.get("type") == TEXT:
                check.text(path, part)
            else:
                errors.choices(f"{path}.type", (ROW, TEXT, LABEL))
    errors.throw()
