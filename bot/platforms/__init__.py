"""Slack and Discord: thin adapters between the platforms' SDKs and the bot's own values."""
