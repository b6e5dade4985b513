"""What a project from somebody else may do on this machine: nothing before its user has agreed to it."""
