"""What the pods of every kind share: their trouble, memory, volumes and placement."""
