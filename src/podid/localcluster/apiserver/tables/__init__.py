"""What `kubectl get` prints: the server makes the columns (meta.k8s.io/v1 Table), kubectl only lays them out."""
