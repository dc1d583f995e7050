"""Changes that replace pods, and the way back from them."""
