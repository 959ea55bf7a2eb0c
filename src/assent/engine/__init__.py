"""Brings contacts, the schema, or a mailing list to what policy says, through ports only."""
