# SPDX-License-Identifier: BSD-2-Clause
"""The exception that carries a message for the user."""


class Trouble(Exception):
    """What ends zfrag before there is anything to show."""
