"""What can go wrong in the bot.

BotError
├── SettingsInvalid    a setting is missing or wrong; its text says how to mend it
├── DeliveryFailed     a platform did not take our message
│   ├── RateLimited        … for now (retry_after, seconds)
│   └── DeliveryRefused    … and will not (channel gone, bot removed, rights missing)
│       └── AppNotInstalled    … because the app is not in that workspace any more
├── AnswerStopped      somebody does not want the answer any more
├── ConnectionRefused  a platform does not accept our token
├── InvalidSetting     what was typed for a channel cannot be used; its text says how to mend it
└── NotPermitted       the person may not do this
An error's docstring is its default text.
"""


class BotError(Exception):
    """The bot failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class SettingsInvalid(BotError):
    """A setting is missing or wrong."""


class DeliveryFailed(BotError):
    """The message could not be delivered."""


class RateLimited(DeliveryFailed):
    """The platform asks us to wait."""

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryRefused(DeliveryFailed):
    """The platform refuses the message."""


class AppNotInstalled(DeliveryRefused):
    """The app is not installed in this workspace."""


class AnswerStopped(BotError):
    """The answer was stopped."""


class ConnectionRefused(BotError):
    """The platform does not accept the token."""


class InvalidSetting(BotError):
    """That setting of the channel cannot be used."""


class NotPermitted(BotError):
    """This is for admins."""
