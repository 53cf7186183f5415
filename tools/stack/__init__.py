"""The whole pager as it is shipped, on one machine, from the simulated house to the phone.

`places` says where each part listens, `shipped` has the configuration for that, `programs` knows
what to run, `children` runs it and ends it, `phone` is who gets the messages. `chain` puts these
together around gateways of one's choice, for tests and benches; the command does so for the demo.
"""
