"""Thin commands over the application."""

from assent.cli.commands import main

__all__ = ["main"]
