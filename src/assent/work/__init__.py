"""Durable execution: what must happen again after a crash, and when."""
