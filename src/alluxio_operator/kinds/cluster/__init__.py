"""The kind AlluxioCluster: one folder for each capability, one file for each policy."""
