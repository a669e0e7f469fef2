"""The stack's components. Each file covers one subject: its pure data model and the component built from it."""

import gc

# A run creates hundreds of thousands of objects and frees few. By default, Python scans them after every 700 new ones,
# which takes a quarter of the program's time at some hundred resources, and more as they grow (docs/performance.md).
gc.set_threshold(100_000, 50, 50)
