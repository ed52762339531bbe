"""Connectors: one file for each kind of source, and the registry that knows them by name."""
