"""The figure of every tab of the page."""
