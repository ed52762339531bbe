"""Footnote at work in a Slack and a Discord that exist on this machine only."""

from bot.demo.play import run_demo

__all__ = ["run_demo"]
