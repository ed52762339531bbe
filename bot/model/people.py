"""Who asks, and who reads along."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What a person is to the workspace; who is not known there is an outsider.

    A guest of Slack sees only the channels that they were invited to. People of other
    organisations, who read along in shared channels, are outsiders.
    """

    MEMBER = "member"
    GUEST = "guest"
    OUTSIDER = "outsider"


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `groups` are the platform's groups or roles by id, as far as they are known.

    `bot` is '' for people, else the platform's id of the bot, which may differ from that of its
    account. `language` is the code of the one in which the platform speaks to them, as far as it
    tells.
    """

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    may_manage: bool = False
    """The platform says this person manages the workspace (Discord: Manage Server)."""
    standing: Standing = Standing.OUTSIDER
    bot: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose.

    `language` is the code of the one to be answered in where their channel sets none; '': that of
    the question. `offers`: to be told when only they may read what would say more.
    """

    language: str = ""
    offers: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants otherwise; None leaves it as it is."""

    language: str | None = None
    offers: bool | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads what is said in a place; as it stands here, where nothing is known of them.

    `outsiders`: somebody among them is no full member of the workspace. `groups` are the groups or
    roles that every one of them is in.
    """

    outsiders: bool = True
    groups: frozenset[str] = frozenset()
