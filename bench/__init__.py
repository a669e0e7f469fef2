"""What the program and its previews cost, as ratios within one run: `make bench`."""
