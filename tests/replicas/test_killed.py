"""`kill -9` in the middle of work: what was acknowledged is there afterwards, and nothing is half-made."""

from __future__ import annotations

import json

import pytest
from tests.replicas.replica import CLUSTER, Creating, Site, whole_associations

COUNT = 200
AT_ONCE = 8


def test_kill_9_in_the_middle_of_200_creates(any_site: Site) -> None:
    first = any_site.replica()
    creating = Creating([first.client("eks")], any_site.role(first), COUNT)
    creating.wait_for(60)
    first.kill()
    creating.finish()
    assert creating.failed, "the process was killed too late to say anything"

    checked = any_site.podid("state", "check")
    assert json.loads(checked.stdout)["sound"], checked.stdout + checked.stderr
    client = first.start().client("eks")
    found = whole_associations(client)
    for name, made in creating.acknowledged.items():
        assert found[name] == made
    # Those in flight may be there, whole, or not; nothing else is.
    assert set(found) - set(creating.acknowledged) <= set(creating.failed)
    assert len(found) <= len(creating.acknowledged) + AT_ONCE
    for name in creating.failed:
        if name not in found:
            client.create_pod_identity_association(
                clusterName=CLUSTER, namespace="default", serviceAccount=name, roleArn=found["sa-0"]["roleArn"]
            )
            break


@pytest.mark.parametrize("victim", [0, 1])
def test_either_replica_may_be_killed_under_load(site: Site, victim: int) -> None:
    replicas = [site.replica(), site.replica()]
    creating = Creating([each.client("eks") for each in replicas], site.role(replicas[0]), COUNT)
    creating.wait_for(60)
    replicas[victim].kill()
    creating.finish()
    survivor = {f"sa-{number}" for number in range(COUNT) if number % 2 != victim}
    assert survivor <= set(creating.acknowledged), "the other replica did not go on"

    found = whole_associations(replicas[1 - victim].client("eks"))
    for name, made in creating.acknowledged.items():
        assert found[name] == made
    assert set(found) - set(creating.acknowledged) <= set(creating.failed)
    assert whole_associations(replicas[victim].start().client("eks")) == found
