"""The mutating webhook: gives pods whose service account has an association the token, the variables and the label of Pod Identity.

    mutate.py        a pod and what is known of it → a JSON Patch (pure)
    review.py        AdmissionReview in, AdmissionReview out (pure but for the question who has an identity)
    identities.py    who has one: AWS's file, or EKS asked at each admission
    certificates.py  a CA and a serving certificate, where none is given
    serve.py         the HTTPS process

It takes the identities file, the annotations and the metric names of AWS's amazon-eks-pod-identity-webhook, and can stand in its place.
"""
