"""A self-hosted topic-digest publisher: from sources to an inbox, each reader only what is new to them."""

__version__ = "0.1.0"
