"""The period pack: what happened to some projects between two positions, and how its control was tested."""
