"""Who may read what is said in a place. Pure."""

from bot.model import ChannelKind, Intent, Person, Place
from retrieval.model import EVERYONE, AccessScope, TenantId


def is_for_asker_alone(place: Place, intent: Intent) -> bool:
    """Whether only the asker sees the answer."""
    return intent is Intent.ASK or place.channel_kind is ChannelKind.DIRECT


def derive_scope(tenant: TenantId, place: Place, person: Person, intent: Intent) -> AccessScope:
    """What an answer may be drawn from.

    An answer that the whole channel sees uses only what everyone in the channel may read; one for
    the asker alone also what the asker may. Labels: 'slack:channel:C…', 'slack:user:U…',
    'slack:group:S…', and for Discord 'discord:…', where a group is a role.
    """
    platform = place.platform.value
    readers = {EVERYONE, f"{platform}:channel:{place.channel}"}
    if place.parent is not None:
        readers.add(f"{platform}:channel:{place.parent}")
    if is_for_asker_alone(place, intent):
        readers.add(f"{platform}:user:{person.id}")
        readers.update(f"{platform}:group:{group}" for group in person.groups)
    return AccessScope(tenant=tenant, readers=frozenset(readers))
