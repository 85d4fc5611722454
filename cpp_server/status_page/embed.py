"""Puts the status page together and makes a C++ source of it and of the OpenAPI document."""

import base64
import hashlib
import sys
from pathlib import Path


def csp_hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline style or script by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def literal(name: str, text: str) -> str:
    """A definition of a C++ string; in pieces, as compilers bound the length of one."""
    if ')embed"' in text:
        raise ValueError(f"{name} holds what ends it")
    pieces = [text[i : i + 8000] for i in range(0, len(text), 8000)]
    quoted = "\n".join(f'R"embed({piece})embed"' for piece in pieces)
    return f"const char {name}[] =\n{quoted};\n"


def main(page: Path, style: Path, script: Path, api: Path, out: Path) -> None:
    """Writes `out` from the others."""
    css, js = style.read_text(encoding="utf-8"), script.read_text(encoding="utf-8")
    html = page.read_text(encoding="utf-8").replace("@CSS@", css).replace("@JS@", js)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {csp_hash(css)}",
            f"script-src {csp_hash(js)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
    out.write_text(
        '#include "cpp_server/status_page/embedded.h"\n\nnamespace trilho {\n\n'
        + literal("kPageHtml", html)
        + literal("kPagePolicy", policy)
        + literal("kOpenApi", api.read_text(encoding="utf-8"))
        + "\n}  // namespace trilho\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
