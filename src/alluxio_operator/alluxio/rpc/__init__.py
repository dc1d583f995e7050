"""The one place that speaks gRPC; imported where the first call is made, as the library takes 25 MB of memory."""
