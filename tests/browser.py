"""A real browser without a screen: Chromium, told what to do through chromedriver (W3C WebDriver) over plain HTTP."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

SECONDS = 120  # for anything at all: the computer may be busy
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--force-device-scale-factor=1", "--disable-background-networking",
             "--disable-component-update"]  # fmt: skip
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what the standard calls an element's identity
NAMED_KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Home": "\ue011", "Shift": "\ue008", "ArrowLeft": "\ue012",
              "ArrowRight": "\ue014"}  # fmt: skip


class Browser:
    """One window. width, height: of the window; profile: an empty folder; dark: the reader prefers a dark page."""

    def __init__(self, profile: Path, width: int = 1500, height: int = 900, *, dark: bool = False):
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)  # fmt: skip
        assert self._driver.stdout
        try:
            started = re.compile(r"successfully on port (\d+)")
            port = next(found[1] for line in self._driver.stdout if (found := started.search(line)))
            self._base = f"http://127.0.0.1:{port}"
            arguments = [*ARGUMENTS, f"--window-size={width},{height}", f"--user-data-dir={profile}"]
            if dark:
                arguments.append("--force-dark-mode")
            wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                      "goog:loggingPrefs": {"browser": "ALL"}}  # fmt: skip
            session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self._base += f"/session/{session['sessionId']}"
        except BaseException:
            self._driver.kill()
            self._driver.wait()
            raise

    def close(self) -> None:
        """End the browser."""
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def open(self, path: Path) -> None:
        """Open a file, and wait until its script says that it is ready."""
        self._ask("POST", "/url", {"url": path.resolve().as_uri()})
        self.wait("return document.body.dataset.ready")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script, and return what it returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str, *arguments: Any) -> Any:
        """Wait until a script returns something true, and return that."""
        end = time.monotonic() + SECONDS
        while not (found := self.run(script, *arguments)):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.1)
        return found

    def drawn(self) -> None:
        """Wait until what was asked for has been drawn."""
        script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(1)))"
        self._ask("POST", "/execute/async", {"args": [], "script": script})

    def text(self, selector: str) -> str:
        """Return what an element shows."""
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def keys(self, *keys: str) -> None:
        """Press keys one after the other; "Shift+f": the one while the other is held."""
        actions = []
        for key in keys:
            parts = [NAMED_KEYS.get(part, part) for part in (key.split("+") if len(key) > 1 else [key])]
            actions += [{"type": "keyDown", "value": part} for part in parts]
            actions += [{"type": "keyUp", "value": part} for part in reversed(parts)]
        self._act({"type": "key", "id": "keyboard", "actions": actions})
        self.drawn()

    def click(self, x: float, y: float, to: tuple[float, float] | None = None) -> None:
        """Click at a place of the window; with `to`, drag from there to another one."""
        moves = [{"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)},
                 {"type": "pointerDown", "button": 0}]  # fmt: skip
        if to:
            moves += [{"type": "pointerMove", "duration": 50, "x": round(to[0]), "y": round(to[1])}]
        self._act({"type": "pointer", "id": "mouse", "actions": [*moves, {"type": "pointerUp", "button": 0}]})
        self.drawn()

    def wheel(self, x: float, y: float, turn: int) -> None:
        """Turn the wheel at a place."""
        self._act({"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": turn, "duration": 0}]})  # fmt: skip
        self.drawn()

    def _act(self, source: dict[str, Any]) -> None:
        self._ask("POST", "/actions", {"actions": [source]})

    def messages(self) -> list[str]:
        """Return what the console has: errors and warnings of the page."""
        return [each["message"] for each in self._ask("POST", "/se/log", {"type": "browser"})]

    def picture(self, path: Path) -> None:
        """Write what the window shows as a PNG file."""
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))
