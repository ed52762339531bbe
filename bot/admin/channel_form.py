"""The form of /channel set: every setting of the channel, as it is."""

from collections.abc import Mapping
from dataclasses import replace

from bot.channels.editor import Changed, ChannelEditor, InvalidSettings
from bot.channels.fields import FIELDS, ChannelField
from bot.model import ChannelSettings, Place
from bot.ports import Rejected
from bot.rendering.form import Field, Form
from retrieval.model import TenantId

COMMAND = "channel set"


class ChannelForm:
    """Asks for the settings of a channel, and takes them down."""

    def __init__(self, editor: ChannelEditor) -> None:
        self._editor = editor

    async def compose(self, tenant: TenantId, place: Place) -> Form:
        """The form as the channel is set up now. Raises StoreUnavailable."""
        return _compose(await self._editor.read(tenant, place))

    async def take(
        self, tenant: TenantId, place: Place, values: Mapping[str, str]
    ) -> Changed | Rejected:
        """Set what was filled in; what was left as it is stays. Raises StoreUnavailable."""
        typed = {name: text for name, text in values.items() if name in FIELDS}
        try:
            return await self._editor.set(tenant, place, typed)
        except InvalidSettings as error:
            form = await self.compose(tenant, place)
            fields = (replace(f, value=typed.get(f.name, f.value)) for f in form.fields)
            return Rejected(replace(form, fields=tuple(fields)), error.faults)


def _compose(settings: ChannelSettings) -> Form:
    fields = tuple(_ask(field, settings) for field in FIELDS.values())
    return Form(COMMAND, "This channel", fields, intro="What you leave as it is stays so.")


def _ask(field: ChannelField, settings: ChannelSettings) -> Field:
    return Field(
        field.name,
        field.label,
        field.kind,
        required=field.kind == "choice",
        value=field.show(settings),
        hint=field.hint,
        example=field.example,
        choices=field.choices,
    )
