"""The bot's own tables: inbox, outbox, workspaces, admins and audit."""
