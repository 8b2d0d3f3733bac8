"""What runs in podid's helper processes, outside the kubelet: the standard library only, so that one starts in milliseconds."""
