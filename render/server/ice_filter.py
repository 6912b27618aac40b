"""Which of the machine's addresses WebRTC offers."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

import ifaddr

from ..errors import UsageError

LOOPBACK = "127.0.0.1"


class IceFilter:
    """Chooses addresses by the interfaces (`eth0`) and networks (`10.0.0.0/8`) that are allowed; none: all of them."""

    def __init__(self, allowed: Sequence[str] = (), loopback: bool = True) -> None:
        """`loopback` also offers 127.0.0.1, unless `allowed` leaves it out. Raises UsageError for what is no interface
        of this machine and no network.
        """
        self._loopback = loopback
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._names: list[str] = []
        there = interfaces()
        for text in allowed:
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                if text not in there:
                    known = ", ".join(sorted(there))
                    raise UsageError(
                        f"'{text[:80]}' is no network and no interface of this machine; it has {known}"
                    ) from None
                self._names.append(text)

    def choose(self, addresses: Sequence[str]) -> list[str]:
        """Those of `addresses`, and 127.0.0.1 if that is wanted, that are allowed."""
        candidates = [*addresses, LOOPBACK] if self._loopback else list(addresses)
        if not self._names and not self._networks:
            return candidates
        there = interfaces() if self._names else {}  # asked anew: addresses change
        named = {address for name in self._names for address in there.get(name, ())}
        return [address for address in candidates if address in named or self._is_within(address)]

    def _is_within(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        return any(parsed.version == network.version and parsed in network for network in self._networks)


def interfaces() -> Mapping[str, list[str]]:
    """The addresses of each interface of the machine."""
    return {
        adapter.name: [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips]
        for adapter in ifaddr.get_adapters(include_unconfigured=True)
    }
