"""Keeps the store in step with its sources: a pure plan, and the engine that applies it."""
