"""What a connector may use of the machine that syncs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.ports import Transcript
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http import HttpClient


@dataclass(frozen=True, slots=True)
class Account:
    """The bot's own account on a platform: where the API lies, and its token."""

    api_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`http` reads from servers. `cache` is a folder that outlives the sync, made on demand: what a
    connector keeps there may be lost at any time, and then costs no more than reading it again.
    `policy` is for what reads from servers by other means. `accounts` are the bot's own, by the
    kind of source that can be read with them; `slack_accounts` finds those of the source's tenant
    where workspaces install the app themselves. `transcript` is the source's, where it has one.
    """

    http: HttpClient
    cache: Path
    policy: AddressPolicy
    accounts: Mapping[str, Account] = field(default_factory=dict)
    slack_accounts: Callable[[], Awaitable[Sequence[Account]]] | None = None
    transcript: Transcript | None = None
