"""The pictures of docs/images: what they show is what the program does, and everybody can read them."""

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from pictures import request_path, terminal
from pictures.__main__ import IMAGES, app
from pictures.facts import Facts, production
from pictures.svg import DARK, KINDS, LIGHT, SIZES, WIDTHS, Drawing
from sandbox.commands.show import REAL, SIMULATED

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = sorted(IMAGES.glob("*.svg"))


@pytest.fixture(scope="module")
def facts() -> Facts:
    return production()


@pytest.fixture(scope="module")
def drawing(facts: Facts) -> Drawing:
    return request_path.draw(facts)


@dataclass(frozen=True)
class Extent:
    """The rectangle that a text or a box takes."""

    left: float
    top: float
    right: float
    bottom: float
    text: str = ""

    def overlaps(self, other: "Extent") -> bool:
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)

    def inside(self, other: "Extent") -> bool:
        wide = other.left <= self.left and self.right <= other.right
        return wide and other.top <= self.top and self.bottom <= other.bottom


def extent_of(text: ET.Element) -> Extent:
    style, words = text.attrib["class"], text.text or ""
    size = SIZES[style]
    width, x, y = len(words) * size * WIDTHS[style], float(text.attrib["x"]), float(text.attrib["y"])
    left = x - width if text.get("text-anchor") == "end" else x
    return Extent(left, y - 0.8 * size, left + width, y + 0.25 * size, words)


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - the repository's own file


def rectangle(rect: ET.Element) -> Extent:
    x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
    return Extent(x, y, x + w, y + h)


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_diagram_in_the_repository_is_the_one_that_the_program_draws(drawing: Drawing) -> None:
    committed = (IMAGES / "request-path.svg").read_text()
    assert committed == drawing.render(), "run: python -m pictures diagram"


def test_the_diagram_shows_the_servers_routes_and_ports_of_production(facts: Facts, drawing: Drawing) -> None:
    texts = [element.text for element in parsed(drawing.render()).iter(f"{SVG}text")]
    for server in facts.settings.servers:
        assert server.name in texts
    for route in facts.settings.routes:
        assert ", ".join(route.hosts) in texts
        assert ", ".join(route.middlewares) in texts
        assert f"{route.service} :{route.port}" in texts
    for access in facts.access:
        assert ", ".join(access.ports) in texts


def test_every_rule_of_the_firewall_is_in_the_facts(facts: Facts) -> None:
    """A rule that facts.py sorts wrongly would be missing in the diagram and in docs/security.md."""
    told = {(access.who, port) for access in facts.access for port in access.ports}
    assert {who for who, _ in told} == {"Cloudflare", "operators", "nodes", "pods", "services"}
    ports = {f"{rule.port.replace(':', '-')}/{rule.proto}" if rule.port else "every port" for rule in facts.rules}
    assert {port for _, port in told} == ports


def test_another_number_of_servers_is_refused_and_not_drawn_wrongly(facts: Facts) -> None:
    two = facts.settings.model_copy(update={"servers": facts.settings.servers[:2]})
    with pytest.raises(ValueError, match="three ingress servers"):
        request_path.draw(Facts(settings=two, plan=facts.plan, rules=facts.rules))


def test_no_text_overlaps_another_or_leaves_its_box(drawing: Drawing) -> None:
    root = parsed(drawing.render())
    page = Extent(0, 0, drawing.width, drawing.height)
    extents = [extent_of(text) for text in root.iter(f"{SVG}text")]
    for one, other in combinations(extents, 2):
        assert not one.overlaps(other), f"{one.text!r} overlaps {other.text!r}"
    for extent in extents:
        assert extent.inside(page), f"{extent.text!r} leaves the page"
    for box in root.iter(f"{SVG}g"):
        rect = box.find(f"{SVG}rect")
        assert rect is not None
        for text in box.findall(f"{SVG}text"):
            assert extent_of(text).inside(rectangle(rect)), f"{text.text!r} leaves its box"


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_and_line_has_enough_contrast(palette: dict[str, str]) -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for lines (1.4.11)."""
    for ground in ("paper", *(f"{kind}-fill" for kind in KINDS)):
        for ink in ("ink", "muted"):
            assert contrast(palette[ink], palette[ground]) >= 4.5, f"{ink} on {ground}"
    for kind in KINDS:
        for ground in ("paper", "plain-fill", f"{kind}-fill", "firewall-fill"):
            assert contrast(palette[f"{kind}-line"], palette[ground]) >= 3, f"{kind}-line on {ground}"


def test_the_diagram_has_a_palette_for_dark_screens(drawing: Drawing) -> None:
    light, dark = drawing.render().split("@media (prefers-color-scheme: dark)")
    assert LIGHT["ink"] in light
    assert DARK["ink"] not in light
    assert DARK["ink"] in dark


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_has_a_title_a_description_and_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    root = parsed(text)
    for name in ("title", "desc"):
        element = root.find(f"{SVG}{name}")
        assert element is not None
        assert element.text
    assert "script" not in {element.tag.removeprefix(SVG) for element in root.iter()}
    assert re.findall(r"(?:href|src)\s*=|url\((?!#)|@import", text) == []


def test_the_capture_of_the_sandbox_shows_what_the_sandbox_prints_today() -> None:
    text = " ".join(words((IMAGES / "sandbox.svg").read_text()))
    for printed in ("$ make sandbox", REAL, *(what for what, _ in SIMULATED)):
        assert printed in text, "record it again, as docs/images/README.md says"


def test_a_capture_shows_the_first_and_last_lines_and_counts_the_others() -> None:
    log = "".join(f"line {number}\n" for number in range(1, 31))
    drawn = words(terminal.capture(log, command="make it", first=2, last=3))
    assert drawn == [
        "$ make it",
        "line 1",
        "line 2",
        "... (25 lines are left out here)",
        "line 28",
        "line 29",
        "line 30",
    ]


def test_a_capture_of_few_lines_leaves_none_out() -> None:
    assert words(terminal.capture("a\nb\n", command="it", first=1, last=1)) == ["$ it", "a", "b"]


def test_a_capture_keeps_colours_and_drops_what_moves_the_cursor() -> None:
    log = (
        'Script started on 1 [COMMAND="x"]\r\n\x1b[?25lworking\r\x1b[2K\x1b[38;5;2mdone\x1b[0m\r\nScript done on 2\r\n'
    )
    drawn = terminal.capture(log, command="x", first=5, last=5)
    assert words(drawn) == ["$ x", "done"]
    assert len(set(re.findall(r"fill: (#[0-9a-f]{6})", drawn))) > 1, "the colour of `done` is lost"


def test_a_log_that_is_empty_or_missing_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n\n")
    for name in ("empty", "missing"):
        output = tmp_path / "picture.svg"
        arguments = ["capture", str(tmp_path / name), "--command", "x", "--output", str(output)]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert not output.exists()


def words(drawn: str) -> list[str]:
    """The lines of a capture, as a reader sees them."""
    lines: dict[float, str] = {}
    for text in parsed(drawn).iter(f"{SVG}text"):
        if "matrix" not in text.attrib["class"] and "clip-path" in text.attrib:
            y = float(text.attrib["y"])
            lines[y] = lines.get(y, "") + (text.text or "")
    return [line.replace("\xa0", " ").rstrip() for _, line in sorted(lines.items()) if line.strip()]
