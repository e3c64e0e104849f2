"""The pages: what readers, and editors at a preview, see in a browser."""
