"""What networks are worth on a test set."""
