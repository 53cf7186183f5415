"""Walks the pages for newcomers in clean roots, from nothing to a message, and prints the times."""
