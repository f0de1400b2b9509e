"""Many random programs out of one page of fragments, so that few translations serve them all.

    python -m tests.regions.medleys SEED PAGES      a campaign by hand

LLVM takes nearly all the time of `loops`. Here a page has fragments, pieces of such loops; each goes on with another
one or asks a script, in storage, which fragment comes next. A program is a script with its registers, data, mode,
frames, CPUs, and what happens between the stretches: two of one page differ in the order of what they execute and in
the events, but are of the same fragments. What a page was translated to is put in place again for each program, and
after each event that drops it, if the page still has the instructions that it was made of; a page is translated a few
times, since programs change their instructions.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from random import Random

from s390emu.regions.request import Translation
from s390emu.regions.translator import decoded_page_at
from s390emu.regions.worker import Worker
from tests.judges.programs import BASE_ADDRESSES, CODE, DATA, EDGES, put
from tests.regions import loops
from tests.regions.loops import COUNT, LINK, OWN, Loop, Told

SCRIPT_AT = 0x3000  # in the data; register COUNT runs through it
FRAGMENTS, PIECES = 12, (0, 1, 2)
HAZARDS, CALLS = 6, 3  # so many of the fragments have one, of different kinds, or a call
ONCE, THEN = (FRAGMENTS, FRAGMENTS, 5), (0, 10, 40)  # length of a script: each fragment once, then any
TRANSLATIONS = 12  # of each of its two pages, at most
MORE = 1.5  # it is translated again if so many times as many instructions have been decoded
PROGRAMS_OF_A_PAGE = 1000
LONGEST = 1000  # instructions of a program, nearly all of them in a region


class Page:
    """Fragments at offsets, and what they were translated to.

    Offset 0 begins the script again; at `ASK` the next fragment is looked up.
    """

    BEGIN = put("AHI", r1=8, i2=1) + put("LLILF", r1=COUNT, i2=DATA + SCRIPT_AT)
    ASK = len(BEGIN)

    def __init__(self, random: Random):
        ask = put("LLGH", r1=LINK, d2=(0, 0, COUNT)) + put("LA", r1=COUNT, d2=(2, 0, COUNT))
        self.code = self.BEGIN + ask + put("BC", m1=15, d2=(0, LINK, OWN))
        self.far = loops.functions(random)
        self.offsets = [0]
        self.translations: dict[int, list[Translation]] = {CODE: [], loops.FAR: []}  # by logical address
        self.linked: dict[int, tuple] = {}  # by `id` of a translation, which lives as long
        special = [partial(loops.hazard, kind=kind) for kind in random.sample(range(loops.HAZARDS), HAZARDS)]
        for one in (*special, *[loops.call] * CALLS, *[loops.piece] * (FRAGMENTS - HAZARDS - CALLS)):
            self.offsets.append(len(self.code))
            for _ in range(random.choice(PIECES)):
                self.code += loops.piece(random, len(self.code))
            self.code += one(random, len(self.code))
            self.code += self._jump(random.randrange(1, 16), random.choice(self.offsets))
            self.code += self._jump(15, self.ASK)
        functions = range(loops.FAR, loops.FAR + len(self.far), loops.FUNCTION_BYTES)
        self.heads = {*functions, *(CODE + offset for offset in (*self.offsets, self.ASK))}

    def _jump(self, mask: int, to: int) -> bytes:
        return put("BRC", m1=mask, ri2=(to - len(self.code)) // 2 & 0xFFFF)

    def program(self, random: Random) -> Loop:
        """Return one program of this page."""
        script = random.sample(self.offsets[1:], random.choice(ONCE))
        script += random.choices(self.offsets[1:], k=random.choice(THEN))
        script.append(0)
        registers = [random.choice((random.choice(EDGES), random.getrandbits(64))) for _ in range(12)]
        data = random.randbytes(0x2000).ljust(SCRIPT_AT, b"\0")
        data += b"".join(offset.to_bytes(2, "big") for offset in script)
        return Loop(
            self.code, (*registers, *BASE_ADDRESSES, CODE, DATA + SCRIPT_AT),
            loops.random_mask(random), data, random.choice(loops.FRAMES), random.choice((1, 1, 1, 2)), self.far,
        )  # fmt: skip


class Again(Told):
    """Puts in place what its page was translated to before, if there is something; else has it translated."""

    asked = range(1, 1000)

    def __init__(self, page: Page, *arguments):
        super().__init__(*arguments)
        self.of, self.made = page, 0

    def translate(self, cpu, random: Random) -> None:
        for logical, made in self.of.translations.items():
            page = decoded_page_at(cpu.port, logical)
            if page is None or (page.region and random.randrange(3)) or not (texts := page.texts()):
                continue
            fitting = [one for one in made if one.covered.items() <= texts.items()]
            most = max((len(one.covered) for one in fitting), default=0)
            if len(texts) >= MORE * most and len(made) < TRANSLATIONS:
                starts = self.of.heads & texts.keys() or texts.keys()  # so that blocks are longer than one instruction
                self._ask(page, tuple(sorted(starts)), cpu, everywhere=random.randrange(3) == 0)
            elif fitting:
                self._install(page, max(random.choices(fitting, k=2), key=lambda one: len(one.covered)))

    def _install(self, page, translation: Translation) -> None:
        made = self.of.translations[page.logical]
        if all(translation is not one for one in made):
            made.append(translation)
            self.made += 1
        super()._install(page, translation)

    def _linked(self, translation: Translation):
        """Link it once for all programs."""
        linked = self.of.linked
        if id(translation) not in linked:
            linked[id(translation)] = super()._linked(translation)
        return Kept(), *linked[id(translation)][1:]


class Kept:
    """What stays linked."""

    def close(self) -> None:
        """Free nothing."""


def campaign(seed: int, pages: int, worker: Worker, programs: int = PROGRAMS_OF_A_PAGE) -> Counter:
    """Compare so many programs of each of so many pages; return counts of what was done. `entered` are the programs
    for which a region was in place."""
    done: Counter = Counter()
    for number in range(seed, seed + pages):
        page = Page(Random(number))
        for which in range(programs):
            random = Random(f"{number} {which}")
            loop = page.program(random)
            try:
                own = loops.compare(loop, random, worker, partial(Again, page), LONGEST)
            except AssertionError:
                print(f"page {number}, program {which}\n{loop}")
                raise
            assert isinstance(own, Again)
            done.update(programs=1, translations=own.made, installed=own.serial, entered=own.serial > 0)
    return done


if __name__ == "__main__":
    worker = Worker(waits=True)
    total: Counter = Counter()
    first, last = int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])
    for number in range(first, last):
        total += campaign(number, 1, worker)
        print(number, dict(total), "the worker died:", worker.deaths, flush=True)
