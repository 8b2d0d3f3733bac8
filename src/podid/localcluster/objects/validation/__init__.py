"""What makes an object invalid, in Kubernetes' words: a list of causes, each with the path of the field it is about.

Only the kinds that the cluster acts upon are checked in depth. Source of rules and texts: kubernetes
`pkg/apis/{core,apps,admissionregistration}/validation` and apimachinery `pkg/util/validation`.
"""

from podid.localcluster.objects.validation.validate import validate_new, validate_update

__all__ = ["validate_new", "validate_update"]
