"""The soak: a long run under random faults, to find what the process leaks.

`month` runs thirty days in virtual time, `realtime` twenty real minutes with houses whose time runs
sixty times as fast. Both print a table of memory, files, tasks and threads, and fail when
anything has grown.
"""
