"""The store's contract, kept on SQLite and on PostgreSQL alike."""
