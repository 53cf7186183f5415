"""How alerts reach the owner: an Alertmanager configuration, and a test of the whole path.

`channels` is the table of ways to be reached, `config` builds `alertmanager.yml` from the shipped
one, `delivery` tests each link from Prometheus to the receiver, `record` notes what was set up.
"""
