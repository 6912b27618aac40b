"""The commands of `hosta`, one a module. What is heavy is imported when a command runs, so that --help is fast."""
