"""The classroom: student notebooks made from the solutions, and the solutions executed."""
