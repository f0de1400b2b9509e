from s390emu.cli import command

command()
