"""What exists: one file, one idea; a pure model and the component built from it stand together."""
