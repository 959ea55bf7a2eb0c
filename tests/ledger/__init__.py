"""The ledger's pure parts: entries, chain, seals and the key file."""
