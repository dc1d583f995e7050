"""How the number of workers follows the time of day and the load."""
