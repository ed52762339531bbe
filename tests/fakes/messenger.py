"""A platform in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.model import Audience, Person, Place, Standing
from bot.rendering.draft import compose_draft
from bot.rendering.plain import render_plain
from bot.rendering.reply import Draft, Reply


@dataclass
class Posted:
    """A message on the platform, as it reads now; `history` holds what it said before."""

    id: str
    key: str
    place: Place
    reply: Reply
    reply_token: Mapping[str, str]
    history: list[Reply] = field(default_factory=list)
    is_draft: bool = False

    @property
    def text(self) -> str:
        return render_plain(self.reply)


class InMemoryMessenger:
    """Satisfies Messenger. `faults` are raised by the next calls, in order, before any effect.

    `lost_acks` are raised by the next posts after their effect, like a connection that breaks.
    """

    def __init__(self, *, says_activity: bool = True) -> None:
        self.says_activity = says_activity
        self.posts: list[Posted] = []
        self.activities: list[str] = []
        self.faults: list[Exception] = []
        self.lost_acks: list[Exception] = []
        self.live_faults: list[Exception] = []
        self.calls = 0

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = True,
        draft: str | None = None,
    ) -> str:
        self._take_call()
        known = self.find(key)
        if known is None:
            known = self.put(key, place, reply, reply_token)
        elif draft is not None or known.is_draft:
            known.history.append(known.reply)
            known.reply, known.is_draft = reply, False
        if self.lost_acks:
            raise self.lost_acks.pop(0)
        return known.id

    async def edit(
        self, place: Place, message: str, reply: Reply, *, reply_token: Mapping[str, str]
    ) -> None:
        self._take_call()
        posted = next(posted for posted in self.posts if posted.id == message)
        posted.history.append(posted.reply)
        posted.reply = reply

    async def remove_twins(self, place: Place, message: str, *, key: str) -> int:
        self._take_call()
        twins = [posted for posted in self.posts if posted.key == key and posted.id != message]
        self.posts = [posted for posted in self.posts if posted not in twins]
        return len(twins)

    async def delete(self, place: Place, message: str, *, reply_token: Mapping[str, str]) -> None:
        self._take_call()
        self.posts = [posted for posted in self.posts if posted.id != message]

    async def show_activity(self, place: Place, text: str) -> None:
        self.activities.append(text)

    def open_answer(
        self,
        place: Place,
        *,
        key: str,
        reply_token: Mapping[str, str],
        private: bool,
        draft: str | None,
    ) -> "InMemoryLiveAnswer":
        return InMemoryLiveAnswer(self, key, place, reply_token, private=private)

    def find(self, key: str) -> Posted | None:
        return next((posted for posted in self.posts if posted.key == key), None)

    def put(self, key: str, place: Place, reply: Reply, reply_token: Mapping[str, str]) -> Posted:
        posted = Posted(f"m{len(self.posts) + 1}", key, place, reply, reply_token)
        self.posts.append(posted)
        return posted

    def _take_call(self) -> None:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)


class InMemoryLiveAnswer:
    """Satisfies LiveAnswer. The messenger's `live_faults` are raised by its next calls."""

    pause = 0.0

    def __init__(
        self,
        messenger: InMemoryMessenger,
        key: str,
        place: Place,
        reply_token: Mapping[str, str],
        *,
        private: bool,
    ) -> None:
        self._messenger = messenger
        self._key = key
        self._place = place
        self._reply_token = reply_token
        self._private = private

    async def show(self, draft: Draft) -> str:
        if self._messenger.live_faults:
            raise self._messenger.live_faults.pop(0)
        reply = compose_draft(draft, private=self._private)
        posted = self._messenger.find(self._key)
        if posted is None:
            posted = self._messenger.put(self._key, self._place, reply, self._reply_token)
        else:
            posted.history.append(posted.reply)
            posted.reply = reply
        posted.is_draft = True
        return posted.id


class InMemoryDirectory:
    """Satisfies Directory: people by id, others as members who come as they are.

    `channels` are those that a person may read, `audiences` those of channels; both by id.
    """

    def __init__(
        self,
        *people: Person,
        fault: Exception | None = None,
        channels: Mapping[str, frozenset[str]] | None = None,
        audiences: Mapping[str, Audience] | None = None,
    ) -> None:
        self._people = {person.id: person for person in people}
        self._fault = fault
        self.channels = channels or {}
        self._audiences = audiences or {}

    async def describe(self, place: Place, person: Person) -> Person:
        if self._fault is not None:
            raise self._fault
        return self._people.get(person.id, replace(person, standing=Standing.MEMBER))

    async def list_channels(self, place: Place, person: Person) -> frozenset[str]:
        return self.channels.get(person.id, frozenset())

    async def describe_audience(self, place: Place) -> Audience:
        if self._fault is not None:
            raise self._fault
        return self._audiences.get(place.channel, Audience(outsiders=False))
