"""`kubectl alluxio`: commands that show and change a cluster from a terminal, with the user's own rights."""
