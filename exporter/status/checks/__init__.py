"""What can be wrong with a house, as far as a look at one moment can confirm it: tables of checks.

A row names the alert that would ring, finds what it rings for, and says what to do first. The rules
in alertmanager/ look at hours and days as well, so they know more; what stands here needs no
Prometheus. A condition that the rules judge by its length is never told as worse than they do.
"""
