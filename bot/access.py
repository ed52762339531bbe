"""What an answer may be drawn from, by who reads it. Pure.

Labels: 'everyone' for full members, 'public' for anybody, and 'slack:channel:C…', 'slack:user:U…',
'slack:group:S…', for Discord 'discord:…', where a group is a role.
"""

from collections.abc import Iterable

from bot.model import Audience, ChannelKind, Intent, Person, Place, Standing
from retrieval.model import EVERYONE, PUBLIC, AccessScope, TenantId


def is_for_asker_alone(place: Place, intent: Intent) -> bool:
    """Whether only the asker sees the answer."""
    return intent is Intent.ASK or place.channel_kind is ChannelKind.DIRECT


def derive_public_scope(tenant: TenantId, place: Place, audience: Audience) -> AccessScope:
    """What everyone who reads a place may read, whoever asks there.

    Where outsiders read along, that is what is meant for that very place or for anybody.
    """
    readers = {PUBLIC, *_name_channels(place)}
    if not audience.outsiders:
        readers |= {EVERYONE, *_name(place, "group", audience.groups)}
    return AccessScope(tenant=tenant, readers=frozenset(readers))


def derive_private_scope(
    tenant: TenantId, place: Place, person: Person, channels: Iterable[str] = ()
) -> AccessScope:
    """What a person may read in an answer that nobody else sees.

    `channels` are those that the person may read, wherever the question was asked.
    """
    readers = {PUBLIC, *_name_channels(place), *_name(place, "channel", channels)}
    readers |= {*_name(place, "user", [person.id]), *_name(place, "group", person.groups)}
    if person.standing is Standing.MEMBER:
        readers.add(EVERYONE)
    return AccessScope(tenant=tenant, readers=frozenset(readers))


def _name_channels(place: Place) -> Iterable[str]:
    return _name(place, "channel", [each for each in (place.channel, place.parent) if each])


def _name(place: Place, kind: str, ids: Iterable[str]) -> Iterable[str]:
    return (f"{place.platform.value}:{kind}:{each}" for each in ids)
