"""Composes and hands over mail; knows SMTP and MIME, nothing of contacts or permission."""
