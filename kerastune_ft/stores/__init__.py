"""What was computed once and is kept on disk for other phases and runs: rows of bytes, shared by processes."""
