"""What admins command: each verb of each command, and the forms that ask for what it needs."""
