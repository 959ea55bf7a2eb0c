"""The application as one process would run it."""
