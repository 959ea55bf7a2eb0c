"""The durable engine on both kinds of database."""
