"""What people see: the page and its in-page viewer."""
