"""What each command does; ``dbce.__main__`` says which options it has, and imports wait until one is chosen."""
