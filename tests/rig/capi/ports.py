"""Ports for programs that listen without sharing: the managers have no flag for it."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_BELOW_EPHEMERAL = range(20000, 32000)
"""Linux hands out ports from 32768 on by itself; nobody is given one of these by chance."""


@contextmanager
def held_ports(count: int) -> Iterator[range]:
    """Consecutive loopback ports that no other rig takes for the length of the block, free for a Go program to use.

    Each is bound here, exclusively, and only then marked with SO_REUSEADDR. Another rig's exclusive bind fails; a
    Go server, which always sets SO_REUSEADDR, may bind the port because nobody listens on this socket.
    """
    first_ports = list(range(_BELOW_EPHEMERAL.start, _BELOW_EPHEMERAL.stop - count, count))
    random.shuffle(first_ports)
    with ExitStack() as stack:
        for first in first_ports:
            ports = range(first, first + count)
            held = _bound(ports)
            if held is not None:
                for holder in held:
                    stack.enter_context(holder)
                yield ports
                return
    raise OSError(f"no {count} consecutive ports are free from {_BELOW_EPHEMERAL.start} to {_BELOW_EPHEMERAL.stop}")


def _bound(ports: range) -> list[socket.socket] | None:
    """A bound socket per port, or `None` where one of the ports is taken."""
    with ExitStack() as stack:
        sockets = []
        for port in ports:
            holder = stack.enter_context(socket.socket())
            try:
                holder.bind(("127.0.0.1", port))
            except OSError:
                return None
            sockets.append(holder)
        for holder in sockets:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stack.pop_all()
        return sockets
