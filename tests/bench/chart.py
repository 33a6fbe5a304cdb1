"""A bar chart as SVG, with nothing but text: groups of bars, each group with a scale of its own, and whiskers from smallest to
largest. Readable on light and dark pages."""

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 150, 110
BAR, GAP, HEAD = 16, 4, 26
# Colours that differ for all kinds of sight, on white and on black (after Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#777777")
STYLE = ("text{font:12px sans-serif;fill:#1f2933}.head{font-weight:bold}.value{font-size:11px}.axis{stroke:#9aa5b1}.whisker{stroke:#1f2933;stroke-width:1.3}"
         "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.axis{stroke:#616e7c}.whisker{stroke:#e4e7eb}}")


def bars(title, groups, colour_of, show):
    """@groups: (heading, [(label, middle, smallest, largest)]). @show makes text of a number."""
    height = 10 + sum(HEAD + len(rows) * (BAR + GAP) + 8 for _, rows in groups)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t">',
             f'<title id="t">{escape(title)}</title>', f"<style>{STYLE}</style>"]
    y = 4
    for heading, rows in groups:
        scale = (WIDTH - LEFT - RIGHT) / (max(largest for *_, largest in rows) or 1)
        lines.append(f'<text x="4" y="{y + 16}" class="head">{escape(heading)}</text>')
        y += HEAD
        top = y
        for label, middle, smallest, largest in rows:
            width = max(middle * scale, 0.5)
            line = y + BAR / 2
            lines.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(label)}</text>'
                         f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{COLOURS[colour_of(label) % len(COLOURS)]}"/>')
            if largest > smallest:
                left, right = LEFT + smallest * scale, LEFT + largest * scale
                lines.append(f'<path class="whisker" fill="none" d="M{left:.1f} {line - 4:g}v8m0 -4H{right:.1f}m0 -4v8"/>')
            lines.append(f'<text x="{LEFT + max(width, largest * scale) + 6:.1f}" y="{y + 12}" class="value">{escape(show(middle))}</text>')
            y += BAR + GAP
        lines.append(f'<path class="axis" d="M{LEFT} {top - 2}V{y}"/>')
        y += 8
    return "\n".join([*lines, "</svg>"]) + "\n"
