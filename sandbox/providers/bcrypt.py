"""bcrypt (Provos and Mazières, 1999) in plain Python, since neither the standard library nor `cryptography` has it.

At the lowest cost, 4, where the real provider takes 10: nobody guesses a password of 48 random letters either way.
"""

import secrets
import struct
from functools import cache
from typing import Final

_COST: Final = 4
_ALPHABET: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MASK: Final = 0xFFFFFFFF
_LIMIT: Final = 72
"""Bytes of a password that count."""

Boxes = tuple[list[int], list[int]]
"""Blowfish's 18 round keys, and its four S-boxes in one list."""


def bcrypt(password: str, salt: bytes | None = None, cost: int = _COST) -> str:
    """The hash of a password in the form of crypt(3), `$2b$…`; with a random salt of 16 bytes unless given."""
    salt = secrets.token_bytes(16) if salt is None else salt
    key = (password.encode() + b"\0")[:_LIMIT]
    keys, boxes = _digits_of_pi()
    state: Boxes = (list(keys), list(boxes))
    _expand(state, key, salt)
    for _ in range(1 << cost):
        _expand(state, key, bytes(16))
        _expand(state, salt, bytes(16))
    words = list(struct.unpack(">6I", b"OrpheanBeholderScryDoubt"))
    for place in range(0, 6, 2):
        left, right = words[place], words[place + 1]
        for _ in range(64):
            left, right = _encrypt(state, left, right)
        words[place : place + 2] = [left, right]
    digest = struct.pack(">6I", *words)[:23]
    return f"$2b${cost:02}${_base64(salt)}{_base64(digest)}"


def _expand(state: Boxes, key: bytes, salt: bytes) -> None:
    keys, boxes = state
    for place, word in enumerate(_words(key, 18)):
        keys[place] ^= word
    mix = _words(salt, 4)
    left = right = 0
    for place in range(0, 18, 2):
        left, right = _encrypt(state, left ^ mix[place % 4], right ^ mix[place % 4 + 1])
        keys[place : place + 2] = [left, right]
    for place in range(0, 1024, 2):
        turn = (place + 2) % 4
        left, right = _encrypt(state, left ^ mix[turn], right ^ mix[turn + 1])
        boxes[place : place + 2] = [left, right]


def _encrypt(state: Boxes, left: int, right: int) -> tuple[int, int]:
    keys, boxes = state
    for number in range(16):
        left ^= keys[number]
        mixed = (boxes[left >> 24] + boxes[256 + (left >> 16 & 255)]) & _MASK
        right ^= ((mixed ^ boxes[512 + (left >> 8 & 255)]) + boxes[768 + (left & 255)]) & _MASK
        left, right = right, left
    return right ^ keys[17], left ^ keys[16]


def _words(data: bytes, count: int) -> list[int]:
    """So many 32-bit words of the data, repeated as often as needed."""
    repeated = data * (count * 4 // len(data) + 1)
    return list(struct.unpack(f">{count}I", repeated[: count * 4]))


@cache
def _digits_of_pi() -> Boxes:
    """Blowfish's constants: the fraction of pi, 32 bits at a time, by Machin's formula."""
    bits = (18 + 1024) * 32
    one = 1 << (bits + 64)
    pi = 4 * (4 * _arctan(one, 5) - _arctan(one, 239))
    fraction = (pi - 3 * one) >> 64
    words = [(fraction >> (bits - 32 * (place + 1))) & _MASK for place in range(18 + 1024)]
    return words[:18], words[18:]


def _arctan(one: int, inverse: int) -> int:
    """The arc tangent of 1/inverse, in units of 1/one."""
    power = one // inverse
    total, number, sign = power, 1, 1
    while power:
        power //= inverse * inverse
        number, sign = number + 2, -sign
        total += sign * (power // number)
    return total


def _base64(data: bytes) -> str:
    """Without padding, in an order of its own."""
    bits = int.from_bytes(data, "big") << (-len(data) * 8 % 6)
    count = -(-len(data) * 8 // 6)
    return "".join(_ALPHABET[bits >> (6 * (count - place - 1)) & 63] for place in range(count))
