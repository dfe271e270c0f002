"""EventBridge on this machine: events of services reach the rules of the default bus, on top of moto's rules."""
