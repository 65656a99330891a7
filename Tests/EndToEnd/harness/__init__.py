"""What the end-to-end tests stand on: the daemon's process, a misbehaving upstream, raw clients."""
