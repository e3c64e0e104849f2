"""Checks that whoever signs up is a person: one technology a file."""
