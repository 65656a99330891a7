#!/usr/bin/env python3
"""Wraps comments wider than STYLE allows, which swift-format leaves alone: wrap_comments.py FILE...

Only a paragraph with a line too wide is touched. Lists, indented examples, fences and tables stay as they
are.
"""

import re
import sys
import textwrap
from pathlib import Path

COLUMNS = 110
PROSE = re.compile(r"^(\s*)(///?|#)( )(?![-*+|>] |\d+\. |```|\s|[|│└├])(\S.*)$")


def wrapped(lines: list[str]) -> list[str]:
    result, at, fenced = [], 0, False
    while at < len(lines):
        if re.match(r"^\s*(///?|#) ```", lines[at]):
            fenced = not fenced
        first = None if fenced else PROSE.match(lines[at])
        if not first:
            result.append(lines[at])
            at += 1
            continue
        prefix, paragraph = "".join(first.groups()[:3]), []
        while at < len(lines) and (line := PROSE.match(lines[at])) and "".join(line.groups()[:3]) == prefix:
            paragraph.append(line.group(4))
            at += 1
        if all(len(prefix + text) <= COLUMNS for text in paragraph):
            result += [prefix + text for text in paragraph]
        else:
            result += textwrap.wrap(
                " ".join(paragraph), COLUMNS, initial_indent=prefix, subsequent_indent=prefix,
                break_long_words=False, break_on_hyphens=False)
    return result


def main() -> None:
    for name in sys.argv[1:]:
        path = Path(name)
        before = path.read_text()
        after = "\n".join(wrapped(before.split("\n")))
        if after != before:
            path.write_text(after)


main()
