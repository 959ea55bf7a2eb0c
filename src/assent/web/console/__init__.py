"""The console: pages for the people of an account, drawn on the server, alive where they can be."""
