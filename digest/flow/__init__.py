"""The verbs of the house, one a file: gather, compose, choose, publish, deliver, feed back, recover, purge."""
