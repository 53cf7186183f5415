"""The state of a house, for people: one model behind the status page, its JSON and the screen.

It is made of snapshots, not of metric text, and beside the exposition, not after it. What is not
known is None; data that has expired is not known.
"""
