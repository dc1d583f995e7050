"""What the operator does with a Presto: each capability is a folder, each policy a file."""
