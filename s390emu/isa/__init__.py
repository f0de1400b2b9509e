"""What instructions mean: the table, its formats, and one short function per instruction."""
