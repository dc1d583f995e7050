"""`kubectl alluxio`: what people at a terminal ask about a cluster, with the rights of whoever asks."""
