"""The command `evidence`: each subcommand imports what it needs when it runs."""
