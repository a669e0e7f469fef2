"""The pictures of the documentation: a diagram drawn from the program's facts, and captures of real terminal output."""
