"""Making the folder that a `subPath` of an emptyDir names, without following a link that a container may have put there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make(folder: Path, sub_path: str) -> None:
    """Make what is missing of `sub_path` in a volume's folder, up to the first link; what follows a link is not ours to make.

    Anyone in the pod may write there, as in the volume itself.
    """
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in (part for part in sub_path.split("/") if part not in ("", ".")):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o777, dir_fd=here)
                os.chmod(name, 0o777, dir_fd=here)  # noqa: S103
            following = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = following
    except OSError:
        return  # a link or a file: whoever mounts it says what is wrong with it
    finally:
        os.close(here)
