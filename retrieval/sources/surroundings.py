"""What a connector may use of the machine that syncs."""

from dataclasses import dataclass
from pathlib import Path

from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http import HttpClient


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`http` reads from servers. `cache` is a folder that outlives the sync, made on demand: what a
    connector keeps there may be lost at any time, and then costs no more than reading it again.
    `policy` is for what reads from servers by other means.
    """

    http: HttpClient
    cache: Path
    policy: AddressPolicy
