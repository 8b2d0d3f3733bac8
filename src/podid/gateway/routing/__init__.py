"""Which service a request is for: by its signature's scope, and by what little an unsigned request shows."""
