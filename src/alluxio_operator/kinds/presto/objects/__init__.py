"""What the servers' files and containers hold."""
