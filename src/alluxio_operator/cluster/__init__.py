"""The AlluxioCluster: from what is wished and observed to what is applied and reported."""
