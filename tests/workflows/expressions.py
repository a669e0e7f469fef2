"""Expressions of GitHub Actions, `${{ … }}`: the part that the workflows use. Anything else raises ExpressionError.

Source: docs.github.com, "Evaluate expressions in workflows and actions": comparison ignores the case of strings and
compares other types as numbers; `&&` and `||` return an operand; a name that does not exist is an empty string.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w-]*)|(\d+)|(==|!=|&&|\|\||[!().,])|(\S))")
_WHOLE: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class ExpressionError(Exception):
    """An expression is wrong, or uses what is not supported here."""


Functions = Mapping[str, Callable[..., Any]]

_FUNCTIONS: Final[Functions] = {
    "contains": lambda where, what: str(what).lower() in str(where).lower(),
    "startsWith": lambda text, start: str(text).lower().startswith(str(start).lower()),
}


@dataclass(kw_only=True)
class Expression:
    """One expression and the contexts of its names."""

    text: str
    contexts: Mapping[str, Any]
    functions: Functions = field(default_factory=dict)
    _tokens: list[tuple[str, str]] = field(default_factory=list)

    def value(self) -> Any:
        """The value."""
        self._tokens = [*_tokens(self.text), ("end", "")]
        found = self._or()
        self._take("end", "")
        return found

    def _or(self) -> Any:
        found = self._and()
        while self._next("||"):
            other = self._and()
            found = found or other
        return found

    def _and(self) -> Any:
        found = self._comparison()
        while self._next("&&"):
            other = self._comparison()
            found = found and other
        return found

    def _comparison(self) -> Any:
        left = self._not()
        for operator in ("==", "!="):
            if self._next(operator):
                equal = _equal(left, self._not())
                return equal if operator == "==" else not equal
        return left

    def _not(self) -> Any:
        return not self._not() if self._next("!") else self._operand()

    def _operand(self) -> Any:
        kind, text = self._tokens.pop(0)
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if (kind, text) == ("sign", "("):
            found = self._or()
            self._take("sign", ")")
            return found
        if kind != "name":
            raise ExpressionError(f"{self.text}: {text!r} is not expected")
        if self._next("("):
            return self._call(text)
        if text in {"true", "false"}:
            return text == "true"
        if text not in self.contexts:
            raise ExpressionError(f"{self.text}: the context {text} is not supported")
        return self._path(self.contexts[text])

    def _path(self, found: Any) -> Any:
        while self._next("."):
            name = self._tokens.pop(0)[1]
            found = found.get(name, "") if isinstance(found, Mapping) else ""
        return "" if found is None else found

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._next(")"):
            arguments.append(self._or())
            self._next(",")
        function = {**_FUNCTIONS, **self.functions}.get(name)
        if function is None:
            raise ExpressionError(f"{self.text}: the function {name} is not supported")
        return function(*arguments)

    def _next(self, sign: str) -> bool:
        if self._tokens[0] != ("sign", sign):
            return False
        self._tokens.pop(0)
        return True

    def _take(self, kind: str, text: str) -> None:
        if self._tokens.pop(0) != (kind, text):
            raise ExpressionError(f"{self.text}: {text or 'the end'} is expected")


def fill(text: Any, contexts: Mapping[str, Any], functions: Functions | None = None) -> str:
    """Replace each `${{ … }}` of a text by its value."""
    return _WHOLE.sub(
        lambda found: _shown(Expression(text=found[1], contexts=contexts, functions=functions or {}).value()),
        _shown(text),
    )


def holds(condition: Any, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """Whether an `if:` holds. Without a function of the job's state it needs success() too."""
    text = str(condition).strip()
    text = text.removeprefix("${{").removesuffix("}}").strip()
    found = bool(Expression(text=text, contexts=contexts, functions=functions).value())
    judged = any(re.search(rf"\b{name}\(", text) for name in ("success", "failure", "cancelled", "always"))
    return found if judged else found and bool(functions["success"]())


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for match in _TOKEN.finditer(text.strip()):
        kind = next(
            name
            for name, group in zip(("string", "name", "number", "sign", "other"), match.groups(), strict=True)
            if group is not None
        )
        if kind == "other":
            raise ExpressionError(f"{text}: {match[0].strip()!r} is not supported")
        found.append((kind, match[0].strip()))
    return found


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return _number(left) == _number(right)


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return float("nan")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
