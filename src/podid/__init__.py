"""podid: open Pod Identity for every cluster."""
