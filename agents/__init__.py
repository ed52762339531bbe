"""Decides what to search for, judges what was found, and writes the answer with its citations."""
