"""Errors that are the user's to mend: one sentence that says what, why and the way out."""

from __future__ import annotations

import sys
from collections.abc import Callable


class UserError(Exception):
    """Bad input or a missing piece. The message is shown as it is: no traceback, exit status 2."""


class CardError(UserError):
    """The NVIDIA card or what it needs cannot be used: a CPU runtime can be taken instead."""


def exit_on_user_error(main: Callable[[], int]) -> int:
    """Run a command's ``main``; a :class:`UserError` becomes one line on stderr and exit status 2."""
    try:
        return main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
