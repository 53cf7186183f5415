"""All that knows pyenphase: the connection to a gateway, its collectors, their loop."""
