"""The compression functions of SHA-1, SHA-256 and SHA-512, on a chaining value: FIPS 180-4, chapters 4 to 6.

No library goes on from a chaining value. A chaining value is eight words here, whose last three SHA-1 does not have; a
word has 32 bits, of SHA-512 64.
"""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import LOW32

FRACTION_BITS = 64
ROUNDS_1, ROUNDS_256, ROUNDS_512 = 80, 64, 80


def _cube_root(n: int) -> int:
    """Return the integer below or at the cube root."""
    low, high = 0, 1 << -(-n.bit_length() // 3)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= n else (low, middle - 1)
    return low


def _constants() -> tuple[u64, ...]:
    """Return the first 64 bits of the fractions of the cube roots of the first 80 primes."""
    primes = [n for n in range(2, 410) if all(n % divisor for divisor in range(2, n))]
    return tuple(u64(_cube_root(prime << 3 * FRACTION_BITS) % (1 << FRACTION_BITS)) for prime in primes)


K512 = _constants()
K256 = tuple(constant >> u64(32) for constant in K512)  # beyond the 64 that are used, too
K1 = (u64(0x5A827999), u64(0x6ED9EBA1), u64(0x8F1BBCDC), u64(0xCA62C1D6))


@jit
def rotated_32(x, count):
    """Return a word of 32 bits, rotated to the right."""
    return (x >> count | x << (u64(32) - count)) & LOW32


@jit
def rotated_64(x, count):
    return x >> count | x << (u64(64) - count)


@jit
def choice(x, y, z):
    return (x & y) ^ (~x & z)


@jit
def majority(x, y, z):
    return (x & y) ^ (x & z) ^ (y & z)


@jit
def sums(state, a, b, c, d, e, f, g, h):
    """Return the chaining value after the block whose last round has left these working variables."""
    return (state[0] + a, state[1] + b, state[2] + c, state[3] + d,
            state[4] + e, state[5] + f, state[6] + g, state[7] + h)  # fmt: skip


@jit
def low_words(state):
    return (state[0] & LOW32, state[1] & LOW32, state[2] & LOW32, state[3] & LOW32,
            state[4] & LOW32, state[5] & LOW32, state[6] & LOW32, state[7] & LOW32)  # fmt: skip


@jit
def sha1(state, words):
    """Return the chaining value after a block of sixteen words."""
    a, b, c, d, e = state[0], state[1], state[2], state[3], state[4]
    for t in range(ROUNDS_1):
        if t < 20:
            mixed = choice(b, c, d)
        elif 40 <= t < 60:
            mixed = majority(b, c, d)
        else:
            mixed = b ^ c ^ d
        total = (rotated_32(a, u64(27)) + mixed + e + K1[t // 20] + words[0]) & LOW32
        a, b, c, d, e = total, a, rotated_32(b, u64(2)), c, d
        words = words[1:] + (rotated_32(words[0] ^ words[2] ^ words[8] ^ words[13], u64(31)),)
    return low_words(sums(state, a, b, c, d, e, u64(0), u64(0), u64(0)))


@jit
def sha256(state, words):
    """Return the chaining value after a block of sixteen words."""
    a, b, c, d, e, f, g, h = state
    for t in range(ROUNDS_256):
        sigma_e = rotated_32(e, u64(6)) ^ rotated_32(e, u64(11)) ^ rotated_32(e, u64(25))
        sigma_a = rotated_32(a, u64(2)) ^ rotated_32(a, u64(13)) ^ rotated_32(a, u64(22))
        first = h + sigma_e + choice(e, f, g) + K256[t] + words[0]
        second = sigma_a + majority(a, b, c)
        a, b, c, d, e, f, g, h = (first + second) & LOW32, a, b, c, (d + first) & LOW32, e, f, g
        early, late = words[1], words[14]
        early = rotated_32(early, u64(7)) ^ rotated_32(early, u64(18)) ^ (early >> u64(3))
        late = rotated_32(late, u64(17)) ^ rotated_32(late, u64(19)) ^ (late >> u64(10))
        words = words[1:] + ((words[0] + early + words[9] + late) & LOW32,)
    return low_words(sums(state, a, b, c, d, e, f, g, h))


@jit
def sha512(state, words):
    """Return the chaining value after a block of sixteen words."""
    a, b, c, d, e, f, g, h = state
    for t in range(ROUNDS_512):
        sigma_e = rotated_64(e, u64(14)) ^ rotated_64(e, u64(18)) ^ rotated_64(e, u64(41))
        sigma_a = rotated_64(a, u64(28)) ^ rotated_64(a, u64(34)) ^ rotated_64(a, u64(39))
        first = h + sigma_e + choice(e, f, g) + K512[t] + words[0]
        second = sigma_a + majority(a, b, c)
        a, b, c, d, e, f, g, h = first + second, a, b, c, d + first, e, f, g
        early, late = words[1], words[14]
        early = rotated_64(early, u64(1)) ^ rotated_64(early, u64(8)) ^ (early >> u64(7))
        late = rotated_64(late, u64(19)) ^ rotated_64(late, u64(61)) ^ (late >> u64(6))
        words = words[1:] + (words[0] + early + words[9] + late,)
    return sums(state, a, b, c, d, e, f, g, h)
