"""How the servers of Presto and Trino are asked."""
