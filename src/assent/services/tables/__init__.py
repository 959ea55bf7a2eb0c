"""Tables of contacts as files: CSV read, understood and planned before anything is written, and CSV made."""
