"""The texts of the pages, one file for each language; a file that is put here is spoken."""
