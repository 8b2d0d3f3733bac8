"""The commands under `podid policy`, one file each."""
