"""People's own pages, over HTTP and in a browser."""
