"""The people: addresses, consent, preferences, suppression. The lowest floor; it imports nothing of `digest`."""
