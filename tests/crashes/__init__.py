"""Real processes killed again and again while both systems are edited, judged by what people did (P1-P7)."""
