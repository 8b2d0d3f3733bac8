"""The AWS endpoint: every request's way from bytes to answer, authenticated, authorised and carried out."""
