"""The policies of services that keep one text for a resource: databases and streams, catalogs, buses, clusters, authorities, stores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from podid.core.arn import Arn
from podid.gateway.needs.need import Asked
from podid.gateway.resource_policies.reading import Reader, backend_of


def _of_table(dynamodb: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(dynamodb.dynamodb_backends, arn)
    if backend is None:
        return None
    parts = arn.resource.split("/")
    table = str(Arn(arn.partition, arn.service, arn.region, arn.account, "/".join(parts[:2])))
    held = backend.resource_policies.get(str(arn)) or backend.resource_policies.get(table)
    return held.policy_doc if held else None


def _of_event_bus(events: Any, arn: Arn, _asked: Asked) -> Any:
    """The bus's own policy, for the bus and for its rules."""
    backend = backend_of(events.events_backends, arn)
    kind, _, rest = arn.resource.partition("/")
    name = rest if kind == "event-bus" else (rest.partition("/")[0] if "/" in rest else "default")
    bus = backend.event_buses.get(name) if backend else None
    return bus.policy if bus else None


def _of_catalog(glue: Any, arn: Arn, _asked: Asked) -> Any:
    """Glue has one policy for the whole catalog of an account and region."""
    backend = backend_of(glue.glue_backends, arn)
    held = backend.resource_policies if backend else {}
    found = held.get(str(arn)) or held.get(backend.default_catalog_arn if backend else "")
    return found.get("PolicyInJson") if found else None


def _of_file_system(efs: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(efs.efs_backends, arn)
    found = backend.file_systems_by_id.get(arn.resource.removeprefix("file-system/")) if backend else None
    return found.file_system_policy if found else None


def _of_domain(opensearch: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(opensearch.opensearch_backends, arn)
    found = backend.domains.get(arn.resource.split("/")[1]) if backend and "/" in arn.resource else None
    return found.access_policies if found else None


def _of_database_cluster(dsql: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(dsql.dsql_backends, arn)
    found = backend.clusters.get(arn.resource.removeprefix("cluster/")) if backend else None
    return found.policy if found else None


def _of_broker(kafka: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(kafka.kafka_backends, arn)
    found = backend.policies.get(str(arn)) if backend else None
    return found["policy"] if found else None


def _of_authority(acmpca: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(acmpca.acmpca_backends, arn)
    found = backend.certificate_authorities.get(str(arn)) if backend else None
    return found.policy if found else None


def _of_container(mediastore: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(mediastore.mediastore_backends, arn)
    found = backend._containers.get(arn.resource.split("/")[1]) if backend and "/" in arn.resource else None
    return getattr(found, "policy", None)


def _of_vectors(s3vectors: Any, arn: Arn, _asked: Asked) -> Any:
    everywhere = Arn(
        arn.partition, arn.service, arn.partition, arn.account, arn.resource
    )  # one backend for all regions
    backend = backend_of(s3vectors.s3vectors_backends, everywhere)
    bucket = str(Arn(arn.partition, arn.service, arn.region, arn.account, "/".join(arn.resource.split("/")[:2])))
    found = backend.vector_buckets.get(bucket) if backend else None
    return found.policy if found else None


def _of_identity(ses: Any, arn: Arn, _asked: Asked) -> Any:
    """An identity of SES has several policies with names: all of them count."""
    backend = backend_of(ses.ses_backends, arn)
    found = backend.email_identities.get(arn.resource.removeprefix("identity/")) if backend else None
    return _together(found.policies.values()) if found is not None else None


def _together(texts: Iterable[Any]) -> str | None:
    """Several policies as one, for a resource that has several."""
    statements: list[Any] = []
    for text in texts:
        held = json.loads(text).get("Statement", [])
        statements += held if isinstance(held, list) else [held]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _of_destination(logs: Any, arn: Arn, _asked: Asked) -> Any:
    """Where another account's log groups may send to."""
    backend = backend_of(logs.logs_backends, arn)
    found = backend.destinations.get(str(arn)) if backend else None
    return found.access_policy if found else None


def _by_arn(backends: str, member: str = "") -> Reader:
    """Of services that keep policies by ARN: the text, or a member of what holds it."""

    def read(module: Any, arn: Arn, _asked: Asked) -> Any:
        backend = backend_of(getattr(module, backends), arn)
        found = backend.resource_policies.get(str(arn)) if backend else None
        if found is None or not member:
            return found
        return found[member] if isinstance(found, Mapping) else getattr(found, member)

    return read


READERS: Mapping[str, tuple[str, Reader]] = {
    # prefix of the actions: module of moto, reader
    "acm-pca": ("moto.acmpca.models", _of_authority),
    "cloudhsm": ("moto.cloudhsmv2.models", _by_arn("cloudhsmv2_backends")),
    "comprehend": ("moto.comprehend.models", _by_arn("comprehend_backends", "ResourcePolicy")),
    "dsql": ("moto.dsql.models", _of_database_cluster),
    "dynamodb": ("moto.dynamodb.models", _of_table),
    "elasticfilesystem": ("moto.efs.models", _of_file_system),
    "es": ("moto.opensearch.models", _of_domain),
    "events": ("moto.events.models", _of_event_bus),
    "glue": ("moto.glue.models", _of_catalog),
    "kafka": ("moto.kafka.models", _of_broker),
    "kinesis": ("moto.kinesis.models", _by_arn("kinesis_backends")),
    "lex": ("moto.lexv2models.models", _by_arn("lexv2models_backends", "policy")),
    "logs": ("moto.logs.models", _of_destination),
    "mediastore": ("moto.mediastore.models", _of_container),
    "osis": ("moto.osis.models", _by_arn("osis_backends")),
    "payment-cryptography": ("moto.paymentcryptography.models", _by_arn("paymentcryptography_backends")),
    "s3vectors": ("moto.s3vectors.models", _of_vectors),
    "ses": ("moto.ses.models", _of_identity),
    "vpc-lattice": ("moto.vpclattice.models", _by_arn("vpclattice_backends")),
}
