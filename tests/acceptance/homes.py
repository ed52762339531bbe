"""The Home tab as people see it, and press in it."""

from typing import Any

from tests.acceptance.program import PATIENCE
from tests.emulators.slack import Driver


async def see_home(driver: Driver, person: str, words: str) -> dict[str, Any]:
    """A person's page, once it says so."""
    workspace = driver._backend.workspace
    user = workspace.user(person).id

    def find() -> dict[str, Any] | None:
        view = workspace.homes.get(user)
        return view.definition if view and words in str(view.definition["blocks"]) else None

    found = await driver.wait_for(find, PATIENCE)
    assert found is not None
    return found


async def press_home(driver: Driver, person: str, label: str) -> dict[str, Any]:
    """Press the button of that label on the page, or choose it in a select."""
    view = await driver.home(person)
    assert view is not None
    for block in view["blocks"]:
        for element in block["elements"] if block["type"] == "actions" else ():
            if element["text"]["text"] == label:
                action = element["action_id"]
                return await driver.click_view(person, "home", action, element["value"])
        for option in block.get("accessory", {}).get("options", ()):
            if option["text"]["text"] == label:
                action = block["accessory"]["action_id"]
                return await driver.click_view(person, "home", action, option["value"])
    raise LookupError(label)
