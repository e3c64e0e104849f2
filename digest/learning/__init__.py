"""What can be learned from editors' decisions: suggestions, never filings."""
