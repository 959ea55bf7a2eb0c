"""Seeded histories of people's acts, judged only from what people did."""
