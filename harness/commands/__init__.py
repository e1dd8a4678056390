"""What verbs do besides verifying pages."""
