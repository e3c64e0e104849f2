"""The command line: one module for each group of commands; words in, one call into `flow`, words out."""
