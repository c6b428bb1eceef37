"""One image and what networks say of it: maps, figures, files."""
