"""The command line, `footnote`: reads arguments, calls one function, prints what it returns."""

from bot.cli.main import run

__all__ = ["run"]
