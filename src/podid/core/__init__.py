"""What AWS means, as pure rules: no sockets, no disk, no clock, no randomness. Everything else in podid stands on this folder."""
