"""The page without a server: a folder of files that any static host can serve."""
