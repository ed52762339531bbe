"""The database schema as forward-only SQL files, and the runner that applies them."""
