"""What a sweep found, as a table, a summary, plots, and a page that shows them. Rows in, files out; nothing runs."""
