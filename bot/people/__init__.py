"""What a person chose for themselves, and what the bot is to them."""
