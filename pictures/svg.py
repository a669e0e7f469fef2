"""A small drawing in SVG: boxes with text, arrows, and two palettes, for readers with a light and a dark screen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from xml.sax.saxutils import escape

Kind = Literal["plain", "edge", "firewall", "traefik", "pod", "operator"]

LIGHT: Final[dict[str, str]] = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "muted": "#57606a",
    "plain-fill": "#f6f8fa",
    "plain-line": "#6e7781",
    "edge-fill": "#fff1e5",
    "edge-line": "#bc4c00",
    "firewall-fill": "#ffebe9",
    "firewall-line": "#cf222e",
    "traefik-fill": "#ddf4ff",
    "traefik-line": "#0969da",
    "pod-fill": "#dafbe1",
    "pod-line": "#1a7f37",
    "operator-fill": "#fbefff",
    "operator-line": "#8250df",
}
DARK: Final[dict[str, str]] = {
    "paper": "#0d1117",
    "ink": "#e6edf3",
    "muted": "#9da7b3",
    "plain-fill": "#161b22",
    "plain-line": "#8b949e",
    "edge-fill": "#2d1a0d",
    "edge-line": "#f0883e",
    "firewall-fill": "#2d1416",
    "firewall-line": "#f85149",
    "traefik-fill": "#0c2440",
    "traefik-line": "#58a6ff",
    "pod-fill": "#0f2d18",
    "pod-line": "#3fb950",
    "operator-fill": "#271a3d",
    "operator-line": "#bc8cff",
}
KINDS: Final[tuple[Kind, ...]] = ("plain", "edge", "firewall", "traefik", "pod", "operator")
FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
ROLE: Final = 'role="img" aria-labelledby="title description"'
WIDTHS: Final = {"title": 0.66, "text": 0.6, "note": 0.6}
"""Widest average width of a character per class of text, in font sizes; DejaVu Sans is the widest of the fonts."""
SIZES: Final = {"title": 15, "text": 13, "note": 12}


@dataclass(kw_only=True)
class Drawing:
    """A drawing that grows by boxes, texts and arrows. Lengths are in the units of its viewBox."""

    width: int
    height: int
    title: str
    description: str
    _parts: list[str] = field(default_factory=list)

    def box(  # noqa: PLR0917 - a rectangle's four numbers have a usual order
        self, kind: Kind, x: float, y: float, w: float, h: float, lines: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Draw a box with lines of text in it, each with its class; the first line is at the top left."""
        self._parts += [f'<g class="box"><rect class="{kind}" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>']
        baseline = y + 6.0
        for style, text in lines:
            baseline += SIZES[style] + 4
            self.text(x + 10, baseline, text, style)
        self._parts += ["</g>"]

    def text(self, x: float, y: float, text: str, style: str = "text", *, end: bool = False) -> None:
        """Write one line; x is its start or its end, y its baseline."""
        anchor = ' text-anchor="end"' if end else ""
        self._parts += [f'<text class="{style}" x="{x:g}" y="{y:g}"{anchor}>{escape(text)}</text>']

    def arrow(self, kind: Kind, *points: tuple[float, float], both: bool = False) -> None:
        """Draw a line through the points with a head at its end, or at both ends."""
        start = f' marker-start="url(#{kind}-head)"' if both else ""
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
        self._parts += [f'<path class="{kind}-arrow" d="{path}"{start} marker-end="url(#{kind}-head)"/>']

    def line(self, kind: Kind, *points: tuple[float, float]) -> None:
        """Draw a line without a head."""
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
        self._parts += [f'<path class="{kind}-arrow" d="{path}"/>']

    def render(self, light: dict[str, str] = LIGHT, dark: dict[str, str] | None = DARK) -> str:
        """Return the SVG. Without `dark` it has one palette, for programs that know no media queries."""
        media = f"@media (prefers-color-scheme: dark) {{\n{_colours(dark)}\n}}" if dark is not None else ""
        fonts = "\n".join(
            f".{style} {{ font: {'bold ' if style == 'title' else ''}{size}px {FONT} }}"
            for style, size in SIZES.items()
        )
        heads = "".join(
            f'<marker id="{kind}-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" '
            f'orient="auto-start-reverse"><path class="{kind}-head" d="M0 0 L10 5 L0 10 z"/></marker>'
            for kind in KINDS
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" {ROLE}>',
                f'<title id="title">{escape(self.title)}</title>',
                f'<desc id="description">{escape(self.description)}</desc>',
                f"<style>\n{fonts}\n{_colours(light)}\n{media}\n</style>",
                f"<defs>{heads}</defs>",
                f'<rect class="paper" width="{self.width}" height="{self.height}" rx="10"/>',
                *self._parts,
                "</svg>",
                "",
            ]
        )


def _colours(palette: dict[str, str]) -> str:
    lines = [
        f".paper {{ fill: {palette['paper']} }}",
        f".title, .text {{ fill: {palette['ink']} }}",
        f".note {{ fill: {palette['muted']} }}",
    ]
    for kind in KINDS:
        fill, line = palette[f"{kind}-fill"], palette[f"{kind}-line"]
        lines += [
            f".{kind} {{ fill: {fill}; stroke: {line}; stroke-width: 1.2 }}",
            f".{kind}-arrow {{ fill: none; stroke: {line}; stroke-width: 1.8 }}",
            f".{kind}-head {{ fill: {line}; stroke: none }}",
        ]
    return "\n".join(lines)
