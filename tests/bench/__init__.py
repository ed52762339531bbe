"""Benchmarks: speed, recall and scale on this machine, beside what others build (`make bench`)."""
