"""The HTTP face: webhook intake and health."""
