"""Why a host could not join."""

from knarr.daemon.settings import SettingsError


class JoinError(SettingsError):
    """The message is one line that says what is wrong and, where that is known, what helps."""


class UnreachableError(JoinError):
    """Nobody answers; later somebody may."""
