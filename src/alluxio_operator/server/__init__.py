"""The warm hook server: queues the owners that the hooks name and reconciles them, one at a time each."""
