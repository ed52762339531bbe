"""Finds the passages that answer a question, and keeps their store in step with the sources."""
