"""The viewer without a server: one HTML file, and a cell of a notebook."""
