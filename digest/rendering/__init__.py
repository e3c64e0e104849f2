"""Rendering: an issue in, blocks and bytes out. Pure: no database, no clock, no network."""
