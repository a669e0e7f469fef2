"""The stack file: every problem that the program would report."""

from collections.abc import Iterator

from ops.checks.before.context import Context
from ops.checks.model import Result, failed, passed


def checks(context: Context) -> Iterator[Result]:
    """Report each problem of the stack file as a failure of its key."""
    for problem in context.problems:
        finding = f"{problem.value}: {problem.allowed}" if problem.value else problem.allowed
        yield failed(problem.key, finding, f"correct {context.path.name}; Pulumi.yaml describes every key")
    if not context.problems:
        settings = context.settings
        count = f"{len(settings.servers)} servers, {len(settings.hosts)} hosts" if settings else ""
        yield passed(context.path.name, f"valid: {count}")
