"""The state of a house, for people: one model behind the status page, its JSON and the screen.

It is built from snapshots, independently of the exposition. What is not
known is None; data that has expired is not known.
"""
