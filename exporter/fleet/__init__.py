"""What only many gateways need: sharding, compressed parts of bodies, small memory."""
