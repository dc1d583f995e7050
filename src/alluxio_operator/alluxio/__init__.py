"""What Alluxio itself says: asked over HTTP, with a time-out, in one call per server."""
