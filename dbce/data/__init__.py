"""What is learned from: pictures, masks, scans, sets of them, and drawn ones."""
