"""From an answer to what a platform shows: pure functions over a small reply tree."""
