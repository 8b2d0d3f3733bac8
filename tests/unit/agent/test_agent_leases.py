from __future__ import annotations

import pytest

from podid.agent.leases import ADVISORY, Lease, Leases, Plan, new_lease, plan, postponed
from podid.agent.token import KubernetesClaims, PodName, UnverifiedClaims
from podid.lean.messages import Response

ANSWER = Response(200)
HOUR = 3600.0


def lease(life: float = 6 * HOUR, random: float = 0.0, now: float = 0.0) -> Lease:
    return new_lease(ANSWER, now=now, expires_at=now + life, retention=3 * HOUR, random=random)


def claims(uid: str = "u", expires_at: float = 24 * HOUR) -> UnverifiedClaims:
    return UnverifiedClaims(expires_at=expires_at, not_before=0.0, kubernetes=KubernetesClaims(pod=PodName(uid=uid)))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (0.0, Plan.SERVE),
        (3 * HOUR - 0.001, Plan.SERVE),
        (3 * HOUR, Plan.SERVE_THEN_REFRESH),
        (6 * HOUR - ADVISORY - 0.001, Plan.SERVE_THEN_REFRESH),
        (6 * HOUR - ADVISORY, Plan.REFRESH_FIRST),
        (6 * HOUR - 0.001, Plan.REFRESH_FIRST),
        (6 * HOUR, Plan.FETCH),
    ],
)
def test_what_is_done_at_each_instant_of_six_hours(now: float, expected: Plan) -> None:
    assert plan(lease(), now) is expected


def test_nothing_is_fetched() -> None:
    assert plan(None, 0.0) is Plan.FETCH


@pytest.mark.parametrize("random", [0.0, 0.5, 0.999])
def test_renewal_is_spread_over_a_tenth_of_the_wait(random: float) -> None:
    made = lease(random=random)
    assert 2.7 * HOUR <= made.refresh_at <= 3 * HOUR


def test_an_hour_is_renewed_at_its_half_with_more_left_than_sdks_want() -> None:
    made = lease(life=HOUR)
    assert made.refresh_at == HOUR / 2
    assert made.expires_at - made.refresh_at > 15 * 60


def test_a_failed_renewal_waits_and_the_lease_is_served_until_it_ends() -> None:
    later = postponed(lease(), now=3 * HOUR, random=0.5)
    assert later.refresh_at == 3 * HOUR + 90
    assert plan(later, 3 * HOUR + 1) is Plan.SERVE
    last = postponed(lease(), now=6 * HOUR - 10, random=0.0)
    assert plan(last, 6 * HOUR - 1) is Plan.SERVE
    assert plan(last, 6 * HOUR) is Plan.FETCH


def test_a_token_leads_to_its_pod_and_only_a_known_token_does() -> None:
    leases = Leases(10)
    holder = leases.put("u", lease(), b"token", b"hash", claims())
    found = leases.find(b"hash")
    assert found is not None
    assert found.holder is holder
    assert leases.find(b"other") is None


def test_a_pod_keeps_few_tokens_and_renews_with_the_one_that_lives_longest() -> None:
    leases = Leases(10)
    holder = leases.put("u", lease(), b"t0", b"h0", claims(expires_at=100))
    for number in range(1, 6):
        leases.add_token(holder, b"t%d" % number, b"h%d" % number, claims(expires_at=100 + number))
    leases.add_token(holder, b"old", b"h-old", claims(expires_at=50))
    assert holder.token == b"t5"
    assert len(holder.tokens) == 4
    assert leases.find(b"h0") is None
    assert leases.find(b"h5") is not None


def test_past_the_bound_the_pod_that_has_not_asked_for_longest_goes_with_its_tokens() -> None:
    leases = Leases(2)
    first = leases.put("first", lease(), b"1", b"h1", claims())
    leases.put("second", lease(), b"2", b"h2", claims())
    leases.touch(first)
    leases.put("third", lease(), b"3", b"h3", claims())
    assert leases.find(b"h2") is None
    assert leases.find(b"h1") is not None
    assert (len(leases), leases.evicted) == (2, 1)


def test_only_pods_that_ask_and_whose_token_is_good_are_due() -> None:
    leases = Leases(10)
    asking = leases.put("asking", lease(), b"1", b"h1", claims())
    leases.put("silent", lease(), b"2", b"h2", claims())
    stale = leases.put("stale", lease(), b"3", b"h3", claims(expires_at=HOUR))
    busy = leases.put("busy", lease(), b"4", b"h4", claims())
    for holder in (asking, stale, busy):
        leases.touch(holder)
    busy.renewing = True
    assert list(leases.due(3 * HOUR - 1)) == []
    assert list(leases.due(3 * HOUR)) == [asking]


def test_what_has_ended_is_forgotten() -> None:
    leases = Leases(10)
    leases.put("u", lease(), b"1", b"h1", claims())
    leases.drop_expired(6 * HOUR - 1)
    assert len(leases) == 1
    leases.drop_expired(6 * HOUR)
    assert len(leases) == 0
    assert leases.find(b"h1") is None


def test_a_holder_does_not_show_its_token() -> None:
    assert "secret-token" not in repr(Leases(1).put("u", lease(), b"secret-token", b"h", claims()))
