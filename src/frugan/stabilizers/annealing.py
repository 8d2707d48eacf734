"""How a stabilizer's strength falls with training: progress in [0, 1] -> a factor, 1 at full strength."""

import math


def exponential(progress: float, beta: float = 20.0) -> float:
    """exp(-beta i): the only reading of the NSS paper's equation 8 that vanishes "in the early stage"; beta 20."""
    return math.exp(-beta * progress)


def constant(progress: float) -> float:
    """1 throughout: the fixed scales of the paper's table 1 and figures 3 to 5."""
    return 1.0
