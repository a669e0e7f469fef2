"""What holds for all tests: no property is judged by how long it takes, since machines differ."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
