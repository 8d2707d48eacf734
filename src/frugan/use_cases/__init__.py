"""What frugan does for a person: one file a use case, each a function that Python, the command line and pages call."""
