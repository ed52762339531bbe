from ipaddress import ip_address

import pytest

from retrieval.sources.addresses import AddressPolicy, is_public


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "192.0.1.1", "172.32.0.1", "2606:4700:4700::1111"]
)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.9", "192.0.0.10", "192.0.0.192",
        "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255", "168.63.129.16",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
        "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


def test_the_operator_names_what_else_may_be_read() -> None:
    policy = AddressPolicy.parse(["wiki.Example", "*.corp.example", "10.2.0.0/16", "fd00::/8"])
    assert policy.allows("Wiki.example.", "10.0.0.1")
    assert policy.allows("a.corp.example", "127.0.0.1")
    assert policy.allows("anything.example", "10.2.3.4")
    assert policy.allows("anything.example", "fd12::1%2")
    assert policy.allows("anything.example", "8.8.8.8")
    assert not policy.allows("corp.example", "10.0.0.1")
    assert not policy.allows("evil-wiki.example", "10.0.0.1")
    assert not policy.allows("anything.example", "10.3.0.1")
    assert not policy.allows("wiki.example", "no address")


@pytest.mark.parametrize("entry", ["", "10.0.0.0/99", "http://wiki.example", "10.0.0.1/8"])
def test_what_is_neither_host_nor_network_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        AddressPolicy.parse([entry])
