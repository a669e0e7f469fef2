"""What exists: one file, one idea; a pure model and the component built from it stand together."""

import gc

# A run makes hundreds of thousands of objects and drops few. Python's default looks through them every 700 new ones:
# half of the program's time at some hundred resources, and more with each further one (docs/performance.md).
gc.set_threshold(100_000, 50, 50)
