"""Pure values and rules: no database, no network, no clock of its own."""
