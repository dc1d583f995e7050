"""gRPC calls to Alluxio. Callers import it at their first call, because the library takes up to 20 MB of memory."""
