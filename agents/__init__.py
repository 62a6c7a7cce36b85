"""AI participants."""
