"""What an answer may be drawn from, by where it is said and to whom."""

from dataclasses import replace

import pytest

from bot.access import derive_private_scope, derive_public_scope
from bot.model import Audience, ChannelKind, Person, Place, Platform, Standing
from retrieval.model import EVERYONE, PUBLIC, TenantId

TENANT = TenantId("default")
PLACE = Place(Platform.SLACK, "T1", "C1", ChannelKind.PRIVATE)
ASKER = Person("U1", groups=frozenset({"S1"}), standing=Standing.MEMBER)
MEMBERS = Audience(outsiders=False)


def test_a_public_answer_draws_on_what_everyone_in_the_channel_may_read() -> None:
    scope = derive_public_scope(TENANT, PLACE, MEMBERS)
    assert scope.readers == {EVERYONE, PUBLIC, "slack:channel:C1"}


def test_a_public_answer_draws_on_what_a_group_may_read_that_all_readers_are_in() -> None:
    scope = derive_public_scope(TENANT, PLACE, replace(MEMBERS, groups=frozenset({"S1"})))
    assert scope.readers == {EVERYONE, PUBLIC, "slack:channel:C1", "slack:group:S1"}


def test_where_outsiders_read_along_only_what_is_meant_for_the_channel_or_for_all_is_used() -> None:
    scope = derive_public_scope(TENANT, PLACE, Audience(groups=frozenset({"S1"})))
    assert scope.readers == {PUBLIC, "slack:channel:C1"}


def test_an_answer_for_the_asker_alone_draws_on_what_the_asker_may_read_anywhere() -> None:
    assert derive_private_scope(TENANT, PLACE, ASKER, {"C2"}).readers == {
        EVERYONE,
        PUBLIC,
        "slack:channel:C1",
        "slack:channel:C2",
        "slack:user:U1",
        "slack:group:S1",
    }


@pytest.mark.parametrize("standing", [Standing.GUEST, Standing.OUTSIDER])
def test_who_is_no_full_member_does_not_read_what_everyone_does(standing: Standing) -> None:
    scope = derive_private_scope(TENANT, PLACE, replace(ASKER, standing=standing))
    assert EVERYONE not in scope.readers
    assert "slack:group:S1" in scope.readers


def test_a_thread_reads_what_its_channel_reads() -> None:
    place = Place(Platform.DISCORD, "G1", "42", ChannelKind.PUBLIC, parent="7")
    scope = derive_public_scope(TENANT, place, MEMBERS)
    assert scope.readers == {EVERYONE, PUBLIC, "discord:channel:42", "discord:channel:7"}
