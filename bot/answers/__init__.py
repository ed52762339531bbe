"""What people do with an answer that they have: look behind it, rate it, pass it on."""
