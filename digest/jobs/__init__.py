"""Ways to wake whoever delivers."""
