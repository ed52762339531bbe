"""The bot on its platforms: what receives, what answers, and what keeps both going."""

from bot.serving.health import find_fault
from bot.serving.platforms import choose_platforms
from bot.serving.running import serve_platforms, work_for_platforms

__all__ = ["choose_platforms", "find_fault", "serve_platforms", "work_for_platforms"]
