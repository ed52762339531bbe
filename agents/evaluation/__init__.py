"""Measures the agent: its decisions, its answers, and when it abstains."""
