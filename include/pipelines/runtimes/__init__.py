"""Where a step runs. Each module turns the same request into an operator and the same answer into a task's end."""
