"""The command line: one thin file a command, one printer for people and for `-o json`."""
