"""Footnote in Slack, in Discord and on the command line."""
