"""Reading the gateway's answers: one module per endpoint, each value on its own."""
