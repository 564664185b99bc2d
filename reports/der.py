"""DER (X.690) read strictly: one value at a time, definite lengths in their shortest form, nothing left over.

What a seal is made of is read with this alone, so that a pack can be judged where no PDF signing library is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.errors import FormatError

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTETS: Final = 0x04
OID: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
FIELD_0: Final = 0xA0
FIELD_1: Final = 0xA1
FIELD_3: Final = 0xA3


@dataclass(frozen=True, slots=True)
class Node:
    """One value: its tag, what is inside, and its bytes as they stand."""

    tag: int
    content: bytes
    raw: bytes

    def children(self, tag: int | None = None) -> tuple[Node, ...]:
        """The values inside, one behind the other; the node must have ``tag``, if one is given.

        Raises:
            FormatError: ``bad-der``.
        """
        if tag is not None and self.tag != tag:
            raise _bad()
        found, rest = [], self.content
        while rest:
            node = _first(rest)
            found.append(node)
            rest = rest[len(node.raw) :]
        return tuple(found)

    def of(self, tag: int) -> bytes:
        """What is inside, if the node has ``tag``.

        Raises:
            FormatError: ``bad-der``.
        """
        if self.tag != tag:
            raise _bad()
        return self.content


def parse_der(data: bytes) -> Node:
    """The one value that ``data`` is, whole; what is inside is read when it is asked for.

    Raises:
        FormatError: ``bad-der``.
    """
    node = _first(data)
    if len(node.raw) != len(data):
        raise _bad()
    return node


def parse_der_prefix(data: bytes) -> Node:
    """The value at the front of ``data``; what follows is the caller's to judge.

    Raises:
        FormatError: ``bad-der``.
    """
    return _first(data)


def _first(data: bytes) -> Node:
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise _bad()
    size, head = data[1], 2
    if size == 0x80 or size > 0x84:
        raise _bad()
    if size > 0x80:
        head = 2 + size - 0x80
        length = data[2:head]
        size = int.from_bytes(length, "big")
        if len(data) < head or length[0] == 0 or size < 0x80:
            raise _bad()
    if len(data) < head + size:
        raise _bad()
    return Node(data[0], data[head : head + size], data[: head + size])


def _bad() -> FormatError:
    return FormatError("bad-der", "not DER of the form that is expected here")
