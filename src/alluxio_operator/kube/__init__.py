"""The Kubernetes API as the operator uses it: raw objects, server-side apply, deadlines."""
