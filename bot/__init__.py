"""Footnote in Slack, in Discord and on the command line."""

__version__ = "0.1.0"
