"""Which network addresses a source may be read from. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address

# IANA's registries of special-purpose addresses (RFC 6890), written out: what `is_global` says
# differs between versions of Python, and is wrong for relays such as 192.0.0.9 and 6to4.
_SPECIAL = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
        # a public address that a cloud answers from inside every machine
        "168.63.129.16/32",
        # inside 2000::/3: Teredo and other transition, documentation, 6to4
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
_UNICAST = IPv6Network("2000::/3")
"""The public IPv6 Internet; mapped, translated and local addresses lie outside."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet, and to nothing behind a gateway."""
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return not any(address in network for network in _SPECIAL)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The public Internet, and what the operator allows besides.

    `hosts` are host names in lower case (`wiki.example`, `*.corp.example`) that may resolve to any
    address; `networks` are ranges that any name may resolve to.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "AddressPolicy":
        """Read host names, addresses and networks (`10.0.0.0/8`). Raises ValueError."""
        hosts: set[str] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            text = entry.strip().lower()
            try:
                networks.append(ip_network(text))
            except ValueError:
                if "/" in text or ":" in text or not text:
                    raise ValueError(
                        f"{entry!r} is neither a host name nor an address nor a network such as"
                        " 10.0.0.0/8"
                    ) from None
                hosts.add(text.rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def allows(self, host: str, address: str) -> bool:
        """Whether `host`, which resolved to `address`, may be connected to at that address."""
        try:
            # a zone (fe80::1%2) says by which interface, which changes nothing here
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        name = host.rstrip(".").lower()
        return (
            is_public(found)
            or any(found in network for network in self.networks)
            or any(fnmatchcase(name, pattern) for pattern in self.hosts)
        )
