"""The promises the project keeps."""
