"""What the two systems should agree on; functions of their arguments and nothing else."""
