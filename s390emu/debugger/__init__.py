"""A debugger: a guest that is stepped, stopped, watched and taken back (`target`), for gdb (`stub`) and for a terminal
(`prompt`)."""
