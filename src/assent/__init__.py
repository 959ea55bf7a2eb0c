"""Keeps marketing permission the same in a marketing hub and in Dynamics 365 Sales, and proves why."""
