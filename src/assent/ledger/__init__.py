"""Every change with its cause, in a form nobody can alter unnoticed; pure but for reading one key file."""
