"""Slack and Discord, as far as a bot can see them, on loopback.

Importable both as `tests.emulators` (checkout) and as `emulators` (tests/ on PYTHONPATH), so
modules in here import each other relatively and need only aiohttp, zstandard and the standard
library.
"""
