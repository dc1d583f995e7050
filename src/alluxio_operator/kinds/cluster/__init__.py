"""AlluxioCluster: one policy, one file."""
