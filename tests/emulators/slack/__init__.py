"""An emulator of Slack: Web API, Socket Mode, signed HTTP deliveries, and people who use it.

`SlackEmulator` serves it on loopback, `SlackDriverClient` acts in it from another process.
"""

from .backend import App
from .driver import Driver
from .driver_client import SlackDriverClient
from .errors import SlackError
from .events import sign
from .server import SlackEmulator

__all__ = ["App", "Driver", "SlackDriverClient", "SlackEmulator", "SlackError", "sign"]
