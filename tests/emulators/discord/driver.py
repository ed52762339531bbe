"""Acting as a person, reading what people would see, and steering the emulator.

All arguments and results are JSON values, so that `DiscordDriverClient` offers the same methods
over HTTP. Users are named by name or id, channels by `#name`, `Guild/#name`, `@person` or id,
messages and interactions by id or by the object that a method returned.
"""

import base64
from typing import Any

from . import interactions, invocation, messages, render
from .components import BUTTON, SELECTS
from .errors import DriverError
from .models import DM, FORUM, Channel, Interaction, Message, User
from .rest import Upload, keep_upload
from .steering import Steering
from .transcript import entries, text_of
from .waits import Waits


class DiscordDriver(Steering, Waits):
    """People and their hands. Raises DriverError for what the real application would not allow."""

    # looking things up

    def _message(self, message: Any) -> Message:
        number = message.get("id") if isinstance(message, dict) else message
        if str(number).isdigit() and int(number) in self.world.messages:
            return self.world.messages[int(number)]
        raise DriverError(f"there is no message {number!r}")

    def _interaction(self, interaction: Any) -> Interaction:
        number = interaction.get("id") if isinstance(interaction, dict) else interaction
        if str(number).isdigit() and int(number) in self.world.interactions:
            return self.world.interactions[int(number)]
        raise DriverError(f"there is no interaction {number!r}")

    def _place(self, user: Any, channel: Any, *needed: str) -> tuple[User, Channel]:
        person = self.world.find_user(user)
        if channel in ("@bot", f"@{self.world.bot.name}"):
            return person, self.world.direct_channel(person)
        place = self.world.find_channel(channel)
        for name in ("view_channel", *needed):
            if not self.world.can(place, person.id, name):
                raise DriverError(f"{person.name} lacks {name} in #{place.name}")
        return person, place

    def _reachable(self, user: Any, message: Any) -> tuple[User, Channel, Message]:
        item = self._message(message)
        person, place = self._place(user, item.channel_id)
        if item.deleted or item.ephemeral_for not in (None, person.id):
            raise DriverError(f"{person.name} does not see message {item.id}")
        return person, place, item

    def _show(self, message: Message) -> dict[str, Any]:
        return render.message(self.world, message) | {
            "text": text_of(message),
            "ephemeral": message.ephemeral_for is not None,
            "deleted": message.deleted,
        }

    # writing

    async def post(
        self,
        user: Any,
        channel: Any,
        content: str = "",
        *,
        reply_to: Any = None,
        ping: bool = True,
        attachments: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Write a message; `@Bot` by name becomes a mention; `reply_to` makes it a reply.

        Attachments are `{"filename", "text" or "base64", "content_type"}`. `channel` `@bot` is the
        direct message with the bot.
        """
        person, place = self._place(user, channel)
        if place.type != DM:
            wanted = "send_messages_in_threads" if place.is_thread else "send_messages"
            self._place(user, channel, wanted)
        if place.type == FORUM:
            raise DriverError("a forum takes posts: use create_post")
        if place.locked:
            raise DriverError(f"the thread {place.name!r} is locked")
        if len(content) > 4000 or not (content or attachments):
            raise DriverError("a message has 1 to 4,000 characters or an attachment")
        bot = self.world.bot
        body: dict[str, Any] = {"content": content.replace(f"@{bot.name}", f"<@{bot.id}>")}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(self._message(reply_to).id)}
            body["allowed_mentions"] = {
                "parse": ["users", "roles", "everyone"],
                "replied_user": ping,
            }
        files = [keep_upload(self.world, place.id, _upload(entry)) for entry in attachments or []]
        message = messages.create(self.world, place, person.id, body, attachments=files)
        return self._show(message)

    async def mention(self, user: Any, channel: Any, content: str, **more: Any) -> dict[str, Any]:
        """Write a message that begins with a mention of the bot."""
        return await self.post(user, channel, f"<@{self.world.bot.id}> {content}", **more)

    async def edit(self, user: Any, message: Any, content: str) -> dict[str, Any]:
        """Change one's own message."""
        person, _, item = self._reachable(user, message)
        if item.author_id != person.id:
            raise DriverError(f"{person.name} did not write message {item.id}")
        content = content.replace(f"@{self.world.bot.name}", f"<@{self.world.bot.id}>")
        return self._show(messages.edit(self.world, item, {"content": content}))

    async def delete(self, user: Any, message: Any) -> None:
        """Remove one's own message, or anybody's with manage_messages."""
        person, place, item = self._reachable(user, message)
        if item.ephemeral_for is None and item.author_id != person.id:
            self._place(person.id, place.id, "manage_messages")
        messages.delete(self.world, item)

    async def react(
        self, user: Any, message: Any, emoji: str, *, remove: bool = False
    ) -> dict[str, Any]:
        """Add or take back a reaction."""
        person, _, item = self._reachable(user, message)
        messages.react(self.world, item, person.id, emoji, remove=remove)
        return self._show(item)

    async def typing(self, user: Any, channel: Any) -> None:
        """Show 'is typing'."""
        person, place = self._place(user, channel)
        messages.start_typing(self.world, place, person.id)

    # threads

    async def create_thread(
        self, user: Any, channel: Any, name: str, *, message: Any = None, private: bool = False
    ) -> dict[str, Any]:
        """Open a thread, from a message if one is given."""
        right = "create_private_threads" if private else "create_public_threads"
        person, place = self._place(user, channel, right)
        source = None if message is None else self._message(message)
        body = {"name": name, "type": 12 if private else 11}
        thread = messages.create_thread(self.world, place, person.id, body, source=source)
        return render.thread(self.world, thread)

    async def create_post(
        self, user: Any, forum: Any, title: str, content: str, *, tags: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Open a forum post: the thread, with its first message under `message`."""
        person, place = self._place(user, forum, "send_messages")
        known = {tag["name"]: tag["id"] for tag in place.available_tags}
        body = {"name": title, "applied_tags": [known[tag] for tag in tags]}
        thread = messages.create_thread(self.world, place, person.id, body)
        text = content.replace(f"@{self.world.bot.name}", f"<@{self.world.bot.id}>")
        first = messages.create(self.world, thread, person.id, {"content": text}, number=thread.id)
        return render.thread(self.world, thread) | {"message": self._show(first)}

    async def set_thread(
        self,
        thread: Any,
        *,
        archived: bool | None = None,
        locked: bool | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Archive, lock or rename a thread, as a moderator would."""
        item = self.world.find_channel(thread)
        item.name = name or item.name
        item.locked = item.locked if locked is None else locked
        if archived is not None:
            item.archived, item.archived_at = archived, self.world.timestamp()
        self.world.emit_channel("THREAD_UPDATE", item)
        return render.thread(self.world, item)

    # interactions

    def _begun(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return interactions.view(self.world, interactions.begin(self.world, *args, **kwargs))

    async def slash(
        self, user: Any, channel: Any, command: str, options: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run a slash command; subcommands follow in `command`, as in `channel set`."""
        person, place = self._place(user, channel)
        name, *path = command.lstrip("/").split()
        found = invocation.find_command(self.world, person, place, name, 1)
        values = {key: self._file(place, value) for key, value in (options or {}).items()}
        data = invocation.build(self.world, place, found, path, values)
        return self._begun(interactions.COMMAND, person, place, data, name=command.lstrip("/"))

    def _file(self, place: Channel, value: Any) -> Any:
        if isinstance(value, dict) and "filename" in value:
            return keep_upload(self.world, place.id, _upload(value))
        return value

    async def autocomplete(
        self,
        user: Any,
        channel: Any,
        command: str,
        focused: str,
        value: Any = "",
        *,
        options: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Type into an option: the interaction that ends with status `choices`."""
        person, place = self._place(user, channel)
        name, *path = command.lstrip("/").split()
        found = invocation.find_command(self.world, person, place, name, 1)
        values = (options or {}) | {focused: value}
        data = invocation.build(self.world, place, found, path, values, focused=focused)
        return self._begun(interactions.AUTOCOMPLETE, person, place, data, name=command)

    async def context_menu(
        self,
        user: Any,
        command: str,
        *,
        message: Any = None,
        target: Any = None,
        channel: Any = None,
    ) -> dict[str, Any]:
        """Run a command from the menu of a message, or of a user (then `channel` says where)."""
        resolved: dict[str, Any] = {}
        if message is not None:
            person, place, item = self._reachable(user, message)
            resolved["messages"] = {str(item.id): render.message(self.world, item)}
            number, kind = item.id, 3
        else:
            person, place = self._place(user, channel)
            chosen = self.world.find_user(target)
            invocation.add_user(self.world, place, chosen, resolved)
            number, kind = chosen.id, 2
        found = invocation.find_command(self.world, person, place, command, kind)
        data = {
            "id": found["id"],
            "name": command,
            "type": kind,
            "target_id": str(number),
            "resolved": resolved,
        }
        if "guild_id" in found:
            data["guild_id"] = found["guild_id"]
        return self._begun(interactions.COMMAND, person, place, data, name=command)

    async def click(self, user: Any, message: Any, button: str | None = None) -> dict[str, Any]:
        """Press a button, named by custom_id or label (the first one by default)."""
        person, place, item = self._reachable(user, message)
        component = invocation.find_component(item, button, (BUTTON,))
        data = {
            "component_type": BUTTON,
            "custom_id": component["custom_id"],
            "id": component.get("id"),
        }
        name = component["custom_id"]
        return self._begun(interactions.COMPONENT, person, place, data, name=name, message=item)

    async def choose(
        self, user: Any, message: Any, values: list[str], *, select: str | None = None
    ) -> dict[str, Any]:
        """Choose values (or labels) in a select, named by custom_id (the first by default)."""
        person, place, item = self._reachable(user, message)
        component = invocation.find_component(item, select, SELECTS)
        data = invocation.select_data(self.world, place, component, values)
        name = component["custom_id"]
        return self._begun(interactions.COMPONENT, person, place, data, name=name, message=item)

    async def submit_modal(
        self, user: Any, interaction: Any, values: dict[str, Any]
    ) -> dict[str, Any]:
        """Fill in the modal that answered an interaction; `values` by custom_id or label."""
        origin = self._interaction(interaction)
        person = self.world.find_user(user)
        if origin.modal is None or origin.user_id != person.id:
            raise DriverError(f"no modal is open for {person.name}")
        data = invocation.modal_data(origin.modal, values)
        source = self.world.messages.get(origin.message_id or 0)
        return self._begun(
            interactions.MODAL_SUBMIT,
            person,
            self.world.channels[origin.channel_id],
            data,
            name=origin.modal["custom_id"],
            message=source,
            origin=origin,
        )

    # the gateway's bad habits

    async def redeliver(self, message: Any) -> None:
        """Dispatch MESSAGE_CREATE of a message once more."""
        messages.redispatch(self.world, self._message(message))

    async def redeliver_interaction(self, interaction: Any) -> None:
        """Dispatch INTERACTION_CREATE once more."""
        interactions.dispatch(self.world, self._interaction(interaction))

    # reading

    async def message(self, message: Any) -> dict[str, Any]:
        """One message as it stands, with `text` (all words shown), `ephemeral` and `deleted`."""
        return self._show(self._message(message))

    async def messages(self, channel: Any, after: Any = None) -> list[dict[str, Any]]:
        """Messages of a channel, oldest first, ephemeral ones too, deleted ones not."""
        place = self.world.find_channel(channel)
        start = 0 if after is None else self._message(after).id
        found = self.world.history(place.id, start)
        return [self._show(item) for item in found if not item.deleted]

    async def replies(self, message: Any) -> list[dict[str, Any]]:
        """What may be answers to a message, oldest first.

        Replies to it, messages in the thread opened from it, and in a thread or a direct message
        everything after it.
        """
        item = self._message(message)
        place = self.world.channels[item.channel_id]
        found = self.world.history(place.id, item.id)
        if not place.is_thread and place.type != DM:
            found = [m for m in found if (m.reference or {}).get("message_id") == str(item.id)]
        if item.thread_id is not None:
            found += self.world.history(item.thread_id)
        return [self._show(m) for m in found if not m.deleted and m.id != item.id]

    async def interaction(self, interaction: Any) -> dict[str, Any]:
        """An interaction as it stands.

        `status` is pending, failed (no answer in 3 s), deferred, answered, modal or choices.
        """
        view = interactions.view(self.world, self._interaction(interaction))
        for entry in (view["original"], *view["followups"]):
            if entry is None:
                continue
            entry["text"] = text_of(self.world.messages[int(entry["id"])])
        return view

    async def transcript(self, channel: Any = None) -> list[dict[str, Any]]:
        """What people would read in a channel (all of them by default), threads nested."""
        return entries(self.world, None if channel is None else self.world.find_channel(channel))

    async def commands(self, guild: Any = None) -> list[dict[str, Any]]:
        """Registered commands: the global ones, or those of a guild."""
        scope = None if guild is None else self.world.find_guild(guild).id
        return self.world.commands.listed(scope)


def _upload(entry: dict[str, Any]) -> Upload:
    content = base64.b64decode(entry["base64"]) if "base64" in entry else entry["text"].encode()
    kind = entry.get("content_type", "text/plain; charset=utf-8")
    return Upload(entry["filename"], content, kind)
