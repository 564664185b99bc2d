"""What the subcommands of ``evidence record`` share, and one module for each kind."""
