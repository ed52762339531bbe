"""Channels: what is set for each, who changes it, what holds there."""
