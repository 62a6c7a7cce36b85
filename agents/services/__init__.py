"""What can be done with agents and their runs."""
