"""The steps every request passes, one a file. `podid.gateway.gateway` holds the list; `values` what each hands to the next."""
