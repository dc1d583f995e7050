"""A Kubernetes operator that installs and maintains Alluxio clusters and Presto from custom resources."""

__version__ = "0.1.0"
