"""How Presto's servers reach the AlluxioCluster that they read through."""
