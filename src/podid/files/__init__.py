"""Files written whole or not at all, readable by their owner alone from the first byte on.

For every room that keeps something in a file: keys, certificates, settings, what runs now. Standard library only, so that the lean parts may
use it too; it knows nothing of podid.
"""

from podid.files.whole import create_once, drafted, write_whole

__all__ = ["create_once", "drafted", "write_whole"]
