"""Every fault of the list, each a test that is named after it and ends with the invariants."""
