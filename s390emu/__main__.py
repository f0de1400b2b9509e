from s390emu.cli import main

main()
