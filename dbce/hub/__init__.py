"""What comes from elsewhere and goes there."""
