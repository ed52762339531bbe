"""Measures retrieval on judged data sets: quality, speed, memory."""
