"""The operations of the IAM API (version 2010-05-08), a file for each kind of thing. Each call is one transaction."""
