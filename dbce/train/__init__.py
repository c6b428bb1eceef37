"""How networks are trained and kept."""
