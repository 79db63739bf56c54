"""One module for each group of tables. Functions take a connection first."""
