"""The line between two network namespaces: delay, jitter, loss, a rate, a firewall. `python -m tests.network.link`.

A process that holds both ends: a TUN device in each namespace, so that whole IP packets of real connections pass
through it, and what the kernel's netem does is done to them here. netem itself is a module that many kernels of virtual
machines lack; this needs /dev/net/tun alone, and its losses are the same in each run, because their random numbers have
a seed. Packets keep their order, as on a line, where netem's jitter mixes them.

Conditions come as JSON lines on stdin, one object a line with `down` (server to client) and `up`; each is answered with
a line of what the link has carried so far.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time
from dataclasses import asdict, dataclass, field

TUNSETIFF = 0x400454CA
IFF_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
MAX_PACKET_BYTES = 65_536
UDP = 17
TCP = 6


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one direction of the link does. `delay_ms` +- `jitter_ms` (uniform) is one way; `loss` is a share, 0..1.

    With a `rate_bps` packets wait in a queue of at most `queue_ms`; what does not fit is dropped, as in a router.
    `blocked` are IP protocols that a firewall drops without a word; a `cut` link carries nothing.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    rate_bps: float | None = None
    queue_ms: float = 200.0
    blocked: tuple[int, ...] = ()
    cut: bool = False


@dataclass(slots=True)
class Direction:
    """Packets on their way. Pure but for its random numbers: `now_s` comes in."""

    seed: int
    conditions: Conditions = Conditions()
    carried: int = 0
    carried_bytes: int = 0
    dropped: int = 0
    free_s: float = 0.0
    last_due_s: float = 0.0
    _number: int = 0
    _waiting: list[tuple[float, int, bytes]] = field(default_factory=list)
    _random: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)

    def take(self, packet: bytes, now_s: float) -> None:
        """A packet enters the link; it comes out later, or never."""
        is_now = self.conditions
        start_s = max(now_s, self.free_s)
        lost = self._random.random() < is_now.loss  # drawn for each packet, so that a run can be repeated
        if is_now.cut or lost or _protocol(packet) in is_now.blocked or start_s - now_s > is_now.queue_ms / 1e3:
            self.dropped += 1
            return
        if is_now.rate_bps is not None:
            start_s += 8 * len(packet) / is_now.rate_bps
            self.free_s = start_s
        jitter_ms = self._random.uniform(-is_now.jitter_ms, is_now.jitter_ms) if is_now.jitter_ms else 0.0
        due_s = max(start_s + max(is_now.delay_ms + jitter_ms, 0.0) / 1e3, self.last_due_s)
        self.last_due_s = due_s
        self._number += 1
        heapq.heappush(self._waiting, (due_s, self._number, packet))

    def due(self, now_s: float) -> list[bytes]:
        """The packets that come out by now."""
        out = []
        while self._waiting and self._waiting[0][0] <= now_s:
            out.append(heapq.heappop(self._waiting)[2])
        self.carried += len(out)
        self.carried_bytes += sum(map(len, out))
        return out

    def next_s(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def change(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.free_s = self.last_due_s = 0.0


def _protocol(packet: bytes) -> int:
    """The IP protocol of a packet of version 4 or 6 (without extension headers)."""
    return packet[9] if packet[0] >> 4 == 4 else packet[6]


def enter_namespace(name: str) -> None:
    """This thread goes into a network namespace. Raises OSError."""
    _enter(f"/run/netns/{name}")


def _enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"the network namespace {path} cannot be entered")
    finally:
        os.close(descriptor)


def open_tun(namespace: str, device: str) -> int:
    """A new TUN device in a namespace; its descriptor works from anywhere. Raises OSError."""
    enter_namespace(namespace)
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN_WITHOUT_HEADER))
    return descriptor


def carry(server: int, client: int) -> None:
    """Carries packets between two TUN devices until stdin ends."""
    ways = {server: (Direction(1), client), client: (Direction(2), server)}
    commands = sys.stdin.buffer
    os.set_blocking(commands.fileno(), False)
    unread = b""
    while True:
        times = [at for way, _ in ways.values() if (at := way.next_s()) is not None]
        wait_s = max(min(times) - time.monotonic(), 0.0) if times else None
        readable, _, _ = select.select([server, client, commands], [], [], wait_s)
        now_s = time.monotonic()
        for end in (server, client):
            if end in readable:
                with contextlib.suppress(BlockingIOError):
                    for _ in range(64):
                        ways[end][0].take(os.read(end, MAX_PACKET_BYTES), now_s)
        for way, out in ways.values():
            for packet in way.due(now_s):
                _put(out, packet)
        if commands in readable:
            read = commands.read()
            if read == b"":
                return
            *lines, unread = (unread + (read or b"")).split(b"\n")
            for line in lines:
                wanted = json.loads(line)
                for name, end in (("down", server), ("up", client)):
                    if name in wanted:
                        said = wanted[name]
                        ways[end][0].change(Conditions(**{**said, "blocked": tuple(said["blocked"])}))
                told = {
                    name: {key: getattr(ways[end][0], key) for key in ("carried", "carried_bytes", "dropped")}
                    for name, end in (("down", server), ("up", client))
                }
                print(json.dumps(told), flush=True)


def _put(device: int, packet: bytes) -> None:
    """Lets a packet out. A device that is full, or not up, drops it, as a network card does."""
    try:
        os.write(device, packet)
    except BlockingIOError:
        return
    except OSError as error:
        if error.errno != errno.EIO:
            raise


def to_json(down: Conditions | None, up: Conditions | None) -> str:
    """A line for the link's stdin."""
    return json.dumps({name: asdict(way) for name, way in (("down", down), ("up", up)) if way is not None})


def main() -> None:
    home = f"/proc/{os.getppid()}/ns/net"
    server, client = (open_tun(namespace, "hosta0") for namespace in sys.argv[1:3])
    _enter(home)  # this process is on neither host
    # Delays are only as good as the moment at which a packet is let out; where it is not permitted, it goes on without.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    print("ready", flush=True)
    carry(server, client)


if __name__ == "__main__":
    main()
