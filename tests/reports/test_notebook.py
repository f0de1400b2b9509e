"""What a machine and a stop look like in a notebook."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

from s390emu.machine import Machine

SOURCE = """
start:  lghi %r2,7
        larl %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,0x42
"""


def shown(html: str) -> str:
    """The text of it, once it is known to be well-formed: XML, but for what only HTML allows."""
    ElementTree.fromstring(f"<x>{html.replace('<br>', '<br/>').replace('details open', 'details')}</x>")
    return unescape(re.sub("<[^>]*>", " ", html))


def test_a_machine_shows_psw_registers_and_blocks():
    machine = Machine.from_source(SOURCE, 1 << 18)
    machine.run()
    text = shown(machine._repr_html_())
    assert "0002000180000000 0000000000000042" in text
    assert "disabled wait, code 0x42" in text
    assert "r2   0000000000000007" in text
    assert "c14   00000000C2000000" in text
    assert "Blocks after 3 instructions" in text
    assert "stable, zero: 63" in text


def test_each_cpu_is_shown():
    text = shown(Machine(1 << 18, cpus=3)._repr_html_())
    assert re.findall(r"CPU (\d), 0 instructions", text) == ["0", "1", "2"]


def test_looking_changes_nothing():
    machine = Machine.from_source(SOURCE, 1 << 18)
    before = machine.blocks(), machine.psw, machine.count
    machine._repr_html_()
    assert (machine.blocks(), machine.psw, machine.count) == before


def test_what_is_shown_is_escaped():
    stop = replace(Machine.from_source(SOURCE, 1 << 18).run(), reason="a < b & <script>")
    html = stop._repr_html_()
    assert "a &lt; b &amp; &lt;script&gt;" in html
    assert "<script>" not in html


def test_it_has_the_colours_of_its_reader():
    html = Machine(1 << 18)._repr_html_()
    assert not re.search(r"background|style=|(?<!-)color:|#000|#fff|black|white", html)
    assert 'fill="currentColor"' in html


def test_general_and_control_registers_stand_in_the_same_columns():
    html = Machine(1 << 18)._repr_html_()
    assert (html.count("<table>"), html.count("<tr>")) == (1, 8)


def test_a_stop_shows_its_reason_and_psw():
    text = shown(Machine.from_source(SOURCE, 1 << 18).run()._repr_html_())
    assert "disabled wait, code 0x42, CPU 0, after 3 instructions" in text
    assert "64-bit, supervisor state" in text
