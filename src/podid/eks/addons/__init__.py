"""Add-ons: software of the cluster that EKS installs, watches and removes.

catalogue       which there are, and in which versions
configuration   the configuration values an add-on takes, and their check
manifest        the agent's DaemonSet as a function of its settings
addon           the value; addon_rows its storage
health          what a DaemonSet's state says about the add-on
operations      the API
worker          the thread that brings the cluster to what was asked for
"""
