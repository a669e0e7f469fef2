"""What runs on a server, packed into one executable; the standard library and PyYAML only."""
