"""Ask every host of a stack as a visitor does."""
