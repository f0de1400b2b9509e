"""What `--json` prints: JSON that others read too."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any, indent: int | None = 1) -> str:
    """Return a value as JSON. A name of a file or symbol that is not UTF-8 has question marks where its bytes are none:
    the half characters that Python has there are no JSON for most readers."""
    text = json.dumps(value, indent=indent)
    if "\\ud" in text:
        whole = json.dumps(value, ensure_ascii=False).encode(errors="replace")
        text = json.dumps(json.loads(whole), indent=indent)
    return text
