"""A chart of lines, as SVG text that any browser draws."""

from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 64, 176, 40, 48
COLOURS = ("#2563a8", "#c2410c", "#15803d", "#7c3aed", "#64748b")


def line_chart(
    title: str, x_label: str, y_label: str, lines: Mapping[str, Points], y_ticks: Mapping[float, str]
) -> str:
    """Draw named lines; `y_ticks` maps heights to what is written beside them, and spans the axis."""
    most = max(x for points in lines.values() for x, _ in points)
    low, high = min(y_ticks), max(y_ticks)

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + x / most * (WIDTH - LEFT - RIGHT)
        up = (min(max(y, low), high) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return round(across, 1), round(HEIGHT - BOTTOM - up, 1)

    def text(x: float, y: float, words: str, anchor: str, extra: str = "") -> str:
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12" fill="#1f2937">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 20, title, "start", ' font-weight="bold"'),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label, "middle"),
        text(LEFT, TOP - 6, y_label, "start", ' fill="#64748b"'),
    ]
    for y, words in y_ticks.items():
        (x, at), (end, _) = place(0, y), place(most, y)
        parts.append(f'<path d="M{x} {at}H{end}" stroke="#e5e7eb"/>')
        parts.append(text(x - 6, at + 4, words, "end"))
    for quarter in range(5):
        x, at = place(most * quarter / 4, low)
        parts.append(text(x, at + 18, f"{most * quarter / 4:g}", "middle"))
    for index, (name, points) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = "L".join(f"{x} {y}" for x, y in (place(*point) for point in points))
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        beside = WIDTH - RIGHT + 12
        parts.append(text(beside, TOP + 12 + 18 * index, name, "start", f' fill="{colour}"'))
    return "\n".join([*parts, "</svg>", ""])
