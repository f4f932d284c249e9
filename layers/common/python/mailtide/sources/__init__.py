"""Sources: bytes and headers of the outside in, events in our vocabulary out."""
