"""Sources: bytes from outside in, clean `FoundItem`s out; one file per technology."""
