"""The errors that a user is meant to read: the command line prints the message and exits with the exit code."""


class UserError(ValueError):
    """Wrong use or bad input: the message says what, where and what to do."""

    exit_code = 2


class RunError(RuntimeError):
    """A run that was asked for rightly and failed: the message says what failed, where and what to do."""

    exit_code = 1


class DivergedError(RunError):
    """Training itself failed: a loss or a weight became NaN or infinite. Starting again would end in the same way."""
