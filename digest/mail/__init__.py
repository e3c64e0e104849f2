"""Ways to the next hop and back: handing messages over, and reading what returns."""
