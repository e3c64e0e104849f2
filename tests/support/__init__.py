"""What tests lean on: real things on loopback."""
