"""What Assent remembers: contacts, links with their bases, sightings, and the append-only ledger."""
