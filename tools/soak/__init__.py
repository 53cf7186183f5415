"""The soak: a long life under random trouble, and what of it stays behind in the process.

`month` lets thirty days pass in virtual time, `street` twenty real minutes beside houses whose time
runs sixty times as fast. Both print a table of memory, files, tasks and threads, and fail when
anything has grown.
"""
