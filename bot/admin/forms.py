"""The forms of admins' commands: adding a source, its schedule, and which source is meant.

What is filled in may hold secrets. It is carried out while the person waits, and what is written
down of it is the source, its secrets sealed, and a line in the audit log without any value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from bot.admin.channel_form import COMMAND, ChannelForm
from bot.admin.names import check_name
from bot.admin.schedules import PRESETS, Timing, find_faults, write_timing
from bot.errors import SettingsInvalid
from bot.model import AuditEntry, ChannelKind, Command, ItemId, Submission
from bot.ports import Audit, Rejected, Sources, Workspaces
from bot.rendering.channel_report import compose_change
from bot.rendering.form import SECRET_KINDS, Choice, Field, Form, Kind
from bot.rendering.reply import Reply
from bot.rendering.report import compose_added
from bot.rights import Rights
from retrieval.errors import (
    InvalidField,
    InvalidSource,
    SourceUnreadable,
)
from retrieval.model import EVERYONE, SyncMode, TenantId
from retrieval.sources.fields import Field as Setting
from retrieval.sources.fields import FieldKind
from retrieval.sources.registry import KINDS, SourceKind

NAME, AUDIENCE, KIND, SOURCE = "name", "audience", "kind", "source"
LONGEST_COMMAND = 90
FILES = "files"

Outcome = Rejected | Form | Command | Reply

_PICKED = {
    "sources test": ("Test a source", "Test"),
    "sources remove": ("Remove a source", "Go on"),
    "sources pause": ("Pause a source", "Pause"),
    "sources resume": ("Resume a source", "Resume"),
    "sync cancel": ("Stop a sync", "Stop it"),
}
"""Commands that only lack the name of a source: title and button of the form that asks for it."""
_MODES = (
    Choice(SyncMode.INCREMENTAL.value, "What changed"),
    Choice(SyncMode.FULL.value, "Everything anew"),
    Choice(SyncMode.DRY_RUN.value, "Only show what would change"),
)


_KINDS: Mapping[FieldKind, Kind] = {FieldKind.LIST: "text", FieldKind.CHOICE: "choice"}


class AdminForms:
    """Satisfies bot.ports.FormDesk.

    Who manages a workspace does not thereby own the machine that Footnote runs on, so a source of
    files is added in chat only below one of `folders`; where there are none, on the command line.
    """

    def __init__(
        self,
        *,
        sources: Sources,
        rights: Rights,
        workspaces: Workspaces,
        audit: Audit,
        channel: ChannelForm,
        folders: Sequence[Path] = (),
        kinds: Mapping[str, SourceKind] = KINDS,
    ) -> None:
        self._sources = sources
        self._rights = rights
        self._workspaces = workspaces
        self._audit = audit
        self._channel = channel
        self._folders = [folder.expanduser().resolve() for folder in folders]
        self._kinds = {name: kind for name, kind in kinds.items() if folders or name != FILES}

    def list_kinds(self) -> tuple[Choice, ...]:
        """The kinds of source that can be added in chat."""
        return tuple(Choice(name, kind.label) for name, kind in self._kinds.items())

    async def open(self, command: Command) -> Form | None:
        """The form that this command asks for, for admins alone."""
        of_channel = _spell(command) == COMMAND and _is_in_channel(command)
        form = None if of_channel else self._find_form(command)
        if form is None and not of_channel:
            return None
        tenant = await self._find_tenant(command)
        if tenant is None:
            return None
        return form or await self._channel.compose(tenant, command.place)

    async def submit(self, submission: Submission) -> Outcome:
        """Carry out a form. Raises StoreUnavailable."""
        command, values = submission.command, submission.values
        tenant = await self._find_tenant(command)
        if tenant is None:
            return command  # taken down without its values, and refused like any other
        if _spell(command) == COMMAND:
            return await self._set_up(tenant, command, values)
        return await self._carry_out(tenant, command, values)

    async def _carry_out(
        self, tenant: TenantId, command: Command, values: Mapping[str, str]
    ) -> Outcome:
        match command.name, command.words:
            case "sources", ("add",) if values.get(KIND) in self._kinds:
                return self._compose_addition(values[KIND], "")
            case "sources", ("add", kind, *name) if kind in self._kinds:
                return await self._add(tenant, command, kind, "-".join(name), values)
            case "sources", ("schedule", *name):
                return _take_schedule(command, name[0] if name else values.get(SOURCE, ""), values)
            case "sync", ():
                words = (values.get(SOURCE, ""), values.get("mode") or _MODES[0].value)
                return replace(command, words=words)
            case _:
                return replace(command, words=(*command.words, values.get(SOURCE, "")))

    def _find_form(self, command: Command) -> Form | None:
        match command.name, command.words:
            case "sources", ("add",) if self._kinds:
                return self._choose_kind()
            case "sources", ("add", kind, *name) if kind in self._kinds:
                return self._compose_addition(kind, "-".join(name))
            case "sources", ("schedule", *name) if len(name) <= 1:
                return _compose_schedule(name[0] if name else "")
            case "sync", ():
                return _compose_sync()
            case _:
                return _pick_source(_spell(command))

    async def _find_tenant(self, command: Command) -> TenantId | None:
        """The tenant of the place; None where the person is no admin there."""
        place = command.place
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None or not await self._rights.is_admin(tenant, place, command.person):
            return None
        return tenant

    def _choose_kind(self) -> Form:
        kinds = Field(KIND, "What kind of source", "choice", choices=self.list_kinds())
        return Form("sources add", "Add a source", (kinds,), submit="Next")

    def _compose_addition(self, kind: str, name: str) -> Form:
        """The form of a kind; its name is asked for where none was given."""
        found = self._kinds[kind]
        command = f"sources add {kind} {name}".strip()
        fields = [_ask_setting(setting) for setting in found.fields]
        if not name or len(command) > LONGEST_COMMAND:
            command = f"sources add {kind}"
            hint = "Lower-case letters, digits and dashes."
            ask = Field(NAME, "Name", value=name, hint=hint, example="team-handbook")
            fields.insert(0, ask)
        fields.append(
            Field(
                AUDIENCE,
                "Who may read it",
                "text",
                required=False,
                hint="Empty: everyone. Else labels, such as slack:channel:C0123, one a line.",
            )
        )
        return Form(
            command,
            f"Add: {found.label}",
            tuple(fields),
            submit="Try and add",
            intro=f"{found.description[:1].upper()}{found.description[1:]}. "
            "It is tried before it is added.",
        )

    async def _add(
        self, tenant: TenantId, command: Command, kind: str, given: str, values: Mapping[str, str]
    ) -> Outcome:
        form = _fill(self._compose_addition(kind, given), values)
        name = values.get(NAME, given)
        audience = frozenset(_split(values.get(AUDIENCE, "")) or (EVERYONE,))
        config = {
            key: value for key, value in values.items() if key not in (NAME, AUDIENCE) and value
        }
        try:
            await self._check_name(tenant, name)
            self._check_folder(kind, config)
            trial = await self._sources.try_out(tenant, kind, config)
            await self._sources.add(tenant, name, kind, config, audience)
        except _InvalidName as error:
            rejected = _reject(form, NAME, str(error))
        except InvalidField as error:
            rejected = _reject(form, error.field, str(error))
        except (InvalidSource, SourceUnreadable, SettingsInvalid) as error:
            rejected = Rejected(replace(form, problem=f"It was not added. {error}"))
        else:
            detail = f"none → {name}, {trial.listed} listed"
            await self._record(tenant, _name_source(command, name), "added", detail)
            return compose_added(name, trial)
        await self._record(tenant, _name_source(command, name), "rejected")
        return rejected

    async def _set_up(
        self, tenant: TenantId, command: Command, values: Mapping[str, str]
    ) -> Outcome:
        outcome = await self._channel.take(tenant, command.place, values)
        if isinstance(outcome, Rejected):
            await self._record(tenant, command, "rejected")
            return outcome
        done = "changed" if outcome.lines else "unchanged"
        await self._record(tenant, command, done, outcome.describe())
        return compose_change(outcome.lines, outcome.notices)

    async def _check_name(self, tenant: TenantId, name: str) -> None:
        try:
            check_name(name)
        except InvalidSource as error:
            raise _InvalidName(str(error)) from error
        if name in await self._sources.list_names(tenant):
            raise _InvalidName(f"There is a source named {name} already.")

    def _check_folder(self, kind: str, config: Mapping[str, str]) -> None:
        if kind != FILES:
            return
        path = Path(config.get("path", "")).expanduser().resolve()
        if not any(path.is_relative_to(folder) for folder in self._folders):
            known = ", ".join(map(str, self._folders))
            raise InvalidField("path", f"In chat, folders are added below {known} only.")

    async def _record(
        self, tenant: TenantId, command: Command, outcome: str, detail: str = ""
    ) -> None:
        item = blake2b(command.event.encode(), digest_size=8).hexdigest()
        await self._audit.record(
            AuditEntry(
                tenant=tenant,
                item=ItemId(item),
                place=command.place,
                person=command.person,
                command=_spell(command),
                outcome=outcome,
                detail=detail,
            )
        )


class _InvalidName(Exception):
    """A source cannot be called so."""


def _spell(command: Command) -> str:
    """The command as it is typed."""
    return " ".join((command.name, *command.words))


def _is_in_channel(command: Command) -> bool:
    return command.place.channel_kind is not ChannelKind.DIRECT


def _name_source(command: Command, name: str) -> Command:
    """The command with the name of the source, which was filled in."""
    return replace(command, words=(*command.words[:2], name))


def _ask_setting(setting: Setting) -> Field:
    """A connector's setting as a field of a form."""
    kind: Kind = _KINDS.get(setting.kind, "text" if setting.is_long else "line")
    if setting.is_secret:
        kind = "secret text" if setting.is_long else "secret"
    # What an empty field means is said in words, which are not always a value.
    meaning = "" if setting.default is None else f" Empty: {setting.default}."
    return Field(
        setting.name,
        setting.label,
        kind,
        required=setting.is_required,
        hint=setting.help + meaning,
        example=setting.example,
        choices=tuple(Choice(choice, choice) for choice in setting.choices),
    )


_ASKED_SOURCE = Field(SOURCE, "Source", "source")


def _pick_source(command: str) -> Form | None:
    if command not in _PICKED:
        return None
    title, submit = _PICKED[command]
    return Form(command, title, (_ASKED_SOURCE,), submit=submit)


def _compose_sync() -> Form:
    fields = (
        Field(SOURCE, "Source", "sources", hint="all stands for every source."),
        Field("mode", "Mode", "choice", value=SyncMode.INCREMENTAL.value, choices=_MODES),
    )
    return Form("sync", "Sync a source", fields, submit="Sync")


def _compose_schedule(name: str) -> Form:
    fields = [
        Field(
            "when",
            "When",
            hint=f"{', '.join(PRESETS)}, off, or cron: minute, hour, day, month, weekday.",
            example="0 6 * * 1-5",
        ),
        Field("zone", "Time zone", value="UTC", example="Europe/Zurich"),
        Field(
            "window",
            "Only between",
            required=False,
            hint="Two times of day between which it may begin.",
            example="22:00-06:00",
        ),
    ]
    if not name:
        fields.insert(0, _ASKED_SOURCE)
    return Form(f"sources schedule {name}".strip(), "Schedule a source", tuple(fields))


def _take_schedule(command: Command, name: str, values: Mapping[str, str]) -> Outcome:
    typed = values.get("when", "").lower()
    cron = "" if typed == "off" else PRESETS.get(typed, values.get("when", ""))
    timing = Timing(cron, values.get("zone") or "UTC", values.get("window", ""))
    if typed != "off" and (faults := find_faults(timing)):
        form = _fill(_compose_schedule(" ".join(command.words[1:])), values)
        return Rejected(form, faults)
    return replace(command, words=("schedule", name, *write_timing(timing)))


def _fill(form: Form, values: Mapping[str, str]) -> Form:
    """The form with what was filled in, but for secrets."""
    fields = (
        replace(
            field, value="" if field.kind in SECRET_KINDS else values.get(field.name, field.value)
        )
        for field in form.fields
    )
    return replace(form, fields=tuple(fields))


def _reject(form: Form, name: str, words: str) -> Rejected:
    """What is wrong with one field, where the form has it."""
    if any(field.name == name for field in form.fields):
        return Rejected(form, {name: words})
    return Rejected(replace(form, problem=words))


def _split(text: str) -> Sequence[str]:
    return [part.strip() for part in text.replace(",", "\n").splitlines() if part.strip()]
