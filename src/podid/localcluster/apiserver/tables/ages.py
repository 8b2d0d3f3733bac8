"""How long ago, in the words of k8s.io/apimachinery `duration.HumanDuration`: <2m 90s; <10m 5m20s; <3h 50m; <8h 4h5m; <2d 20h; <8d 3d4h;
<2y 300d; <8y 3y40d; then years."""

from __future__ import annotations

from datetime import datetime

from podid.localcluster.objects.metadata import parse_timestamp

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def human_duration(seconds: float) -> str:
    """The words for a duration; a small negative one (clocks differ) is 0s."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(0, whole)
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _two(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = whole % large // small
    return f"{whole // large}{large_name}" + (f"{rest}{small_name}" if rest else "")


def age(text: object, now: datetime) -> str:
    """The age of a timestamp, or `<unknown>`."""
    instant = parse_timestamp(text)
    return "<unknown>" if instant is None else human_duration((now - instant).total_seconds())
