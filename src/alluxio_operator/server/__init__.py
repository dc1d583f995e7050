"""The warm hook server: it queues the owners that hooks name, and runs one reconcile at a time for each owner."""
