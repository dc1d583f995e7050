"""An operator that turns one AlluxioCluster into a whole Alluxio cluster and takes care of it."""

__version__ = "0.1.0"
