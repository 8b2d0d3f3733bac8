"""How a container is kept apart from the host and from other containers, behind one small port (`port.py`)."""
