"""How a stabilizer's strength falls with training: progress in [0, 1] -> a factor, 1 at full strength."""

import math


def exponential(progress: float, beta: float = 20.0) -> float:
    """exp(-beta i): the only reading of the NSS paper's equation 8 that vanishes "in the early stage"; beta 20."""
    return math.exp(-beta * progress)


def power(progress: float, exponent: float = 20.0) -> float:
    """(1 - i)^exponent: the other curve that "power of decay" may mean; close to `exponential`, and exactly 0 at 1."""
    return (1.0 - progress) ** exponent


def linear(progress: float, until: float = 1.0) -> float:
    """A straight line from 1 to 0, reached at `until`, above 0."""
    return max(0.0, 1.0 - progress / until)


def cosine(progress: float, until: float = 1.0) -> float:
    """Half a period of a cosine from 1 to 0, reached at `until`."""
    return (1.0 + math.cos(math.pi * min(progress / until, 1.0))) / 2


def decaying_wave(progress: float, beta: float = 20.0, waves: float = 8.0) -> float:
    """`exponential`, interrupted by so many returns to 0: exp(-beta i) (1 + cos(2 pi waves i)) / 2.

    The NSS paper tried such a wave, and found `exponential` better; it gives neither formula nor number. 8: ours.
    """
    return exponential(progress, beta) * (1.0 + math.cos(2 * math.pi * waves * progress)) / 2


def two_step(progress: float, until: float = 0.5) -> float:
    """1, then 0 from `until` on: table 1 of the NSS paper, 5 epochs each."""
    return 1.0 if progress < until else 0.0


def constant(progress: float) -> float:
    """1 throughout: figures 3 to 5 of the paper."""
    return 1.0
