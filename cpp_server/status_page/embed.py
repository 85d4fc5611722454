"""Puts the status page together and makes a C++ source of it and of the OpenAPI document."""

import base64
import hashlib
import sys
from pathlib import Path

# In this order: what is used stands before what uses it.
_SCRIPTS = ["dom.js", "chart.js", "models.js", "ask.js", "page.js"]


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


def main(out: Path, *files: Path) -> None:
    """Writes `out` from files of known names."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    css = texts["page.css"]
    js = "".join(texts[name] for name in _SCRIPTS)
    if "</script" in js or "</style" in css:
        raise ValueError("a script or style holds what ends it")
    html = texts["page.html"].replace("@CSS@", css).replace("@JS@", js)
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
        + literal("kOpenApi", texts["openapi.json"])
        + "\n}  // namespace trilho\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
