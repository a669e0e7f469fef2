"""The renderings that every command with a result offers."""

from enum import StrEnum


class Format(StrEnum):
    """A text for people, Markdown for a comment or a job's summary, or JSON for programs."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"
