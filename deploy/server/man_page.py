"""Makes the server's manual page of the page of its flags, which a test compares with --help."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROW = re.compile(r"\| `--(?P<name>\w+)` \| (?P<default>.*?) \| (?P<meaning>.*) \|")


class PageError(Exception):
    """Says what is wrong with the pages, as a sentence."""


def roff(text: str) -> str:
    """Turns a line of Markdown into one of roff; code becomes bold."""
    # Typographic hyphens would not be found in the page, nor could they be pasted.
    text = text.replace("\\", r"\e").replace("-", r"\-")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fP", text)
    return rf"\&{text}" if text.startswith((".", "'")) else text


def flags(page: str) -> Iterator[str]:
    """Writes the sections and flags of the page in roff, a line at a time.

    Paragraphs that lead to other pages stay behind: a manual has no such links.

    Raises:
      PageError: if it has a row that is no flag's.
    """
    in_section = False
    for line in page.splitlines():
        if line.startswith("## "):
            in_section = True
            yield f".SS {roff(line.removeprefix('## '))}"
        elif line.startswith("| `"):
            row = ROW.fullmatch(line)
            if not row:
                raise PageError(f"not a row of a flag, its default and its meaning: {line}")
            default = "" if row["default"] == "empty" else row["default"].strip("`")
            yield ".TP"
            yield rf"\fB\-\-{row['name']}\fP=\fI{roff(default)}\fP"
            yield roff(row["meaning"])
        elif in_section and line and not line.startswith("|") and "](" not in line:
            yield roff(line)


def manual(template: str, page: str, version: str) -> str:
    """Fills the template.

    Raises:
      PageError: if the page has no flags.
    """
    lines = list(flags(page))
    if ".TP" not in lines:
        raise PageError("the page has no flags")
    return template.replace("@VERSION@", version).replace("@FLAGS@", "\n".join(lines))


def main(arguments: Sequence[str]) -> int:
    """Makes the page that the command line describes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", type=Path, required=True, help="all but the flags, in roff")
    parser.add_argument("--flags", type=Path, required=True, help="docs/flags.md")
    parser.add_argument("--version", required=True, help="what the page is for")
    parser.add_argument("--output", type=Path, required=True, help="the page to write")
    options = parser.parse_args(arguments)
    try:
        template = options.template.read_text(encoding="utf-8")
        page = options.flags.read_text(encoding="utf-8")
        options.output.write_text(manual(template, page, options.version), encoding="utf-8")
    except (PageError, OSError) as error:
        print(f"man_page: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
