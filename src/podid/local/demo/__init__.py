"""The walk-through, told: each command as a person types it, its real output, and what happened inside.

script      what is typed, in order, and what each command must show
terminal    runs one command, on a terminal where the script says so
facts       reads from podid's own logs what was decided meanwhile
telling     runs the script before the reader, or for a program
"""
