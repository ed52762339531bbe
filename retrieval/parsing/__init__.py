"""Turns files into text with structure, in child processes with limits."""
