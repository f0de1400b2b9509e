"""Tests of s390emu/machine/."""
