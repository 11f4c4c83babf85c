"""What a person reads: tables in the terminal, the report page of a run, its curves. Reads files only."""
