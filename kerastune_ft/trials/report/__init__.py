"""What a search shows: lines of progress, tables, pictures, and a page."""
