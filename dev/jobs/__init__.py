"""Run commands in parallel: each starts as soon as the jobs that it needs are done and its lane has room."""
