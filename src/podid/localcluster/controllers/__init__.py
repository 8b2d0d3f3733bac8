"""Loops that make what is stored come true: each reads the whole state, acts so that doing it twice changes nothing, and runs when
something it watches changes, and on a timer. `runner` is their one owner; the rest is one controller a file."""
