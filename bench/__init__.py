"""Speed and size, measured against the budgets; run with `python -m bench` or `make bench`.

What can be compared is measured side by side with what others use, alternating in one run, because
a ratio holds on any machine and a number of milliseconds does not.
"""
