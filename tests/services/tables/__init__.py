"""Tables of contacts as files."""
