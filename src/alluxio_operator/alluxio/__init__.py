"""Clients of Alluxio: HTTP and gRPC requests to its servers, each with a timeout."""
