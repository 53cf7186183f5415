"""The shipped alerting stack on one machine, from the simulated house to the phone.

`ports` has the ports of the parts, `config_files` their configuration, `programs` their commands;
`processes` starts and stops them, `webhook_receiver` gets the messages. `pipeline` combines these
with any gateways, for tests and benches; the command does so for the demo.
"""
