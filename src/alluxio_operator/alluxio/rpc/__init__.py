"""The one place that speaks gRPC; imported where the first call is made, as the library takes up to 20 MB of memory."""
