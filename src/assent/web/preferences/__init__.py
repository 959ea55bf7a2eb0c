"""A person's own pages: what we may send them, and the button that stops it; no login, no script."""
