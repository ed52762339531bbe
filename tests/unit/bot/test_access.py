"""What an answer may be drawn from, by where it is said and to whom."""

from bot.access import derive_scope
from bot.model import ChannelKind, Intent, Person, Place, Platform
from retrieval.model import EVERYONE, TenantId

TENANT = TenantId("default")
ASKER = Person("U1", groups=frozenset({"S1"}))


def test_a_public_answer_draws_on_what_everyone_in_the_channel_may_read() -> None:
    place = Place(Platform.SLACK, "T1", "C1", ChannelKind.PUBLIC)
    scope = derive_scope(TENANT, place, ASKER, Intent.MENTION)
    assert scope.readers == {EVERYONE, "slack:channel:C1"}


def test_an_answer_for_the_asker_alone_draws_on_what_the_asker_may_read_too() -> None:
    place = Place(Platform.SLACK, "T1", "C1", ChannelKind.PRIVATE)
    own = {EVERYONE, "slack:channel:C1", "slack:user:U1", "slack:group:S1"}
    assert derive_scope(TENANT, place, ASKER, Intent.ASK).readers == own
    direct = Place(Platform.SLACK, "T1", "D1", ChannelKind.DIRECT)
    assert "slack:user:U1" in derive_scope(TENANT, direct, ASKER, Intent.DIRECT).readers


def test_a_thread_reads_what_its_channel_reads() -> None:
    place = Place(Platform.DISCORD, "G1", "42", ChannelKind.PUBLIC, parent="7")
    scope = derive_scope(TENANT, place, ASKER, Intent.MENTION)
    assert scope.readers == {EVERYONE, "discord:channel:42", "discord:channel:7"}
