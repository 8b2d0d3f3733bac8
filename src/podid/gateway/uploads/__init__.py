"""Bodies too large to hold: taken in as they come, checked as they come, kept in files, sent out of files.

content.py    bytes that lie in memory or in files, and never change: the body of an object
spool.py      where those in files lie
checksums.py  S3's checksum algorithms
stated.py     what a request says its body digests to, held against the body
intake.py     one body, while it comes
forms.py      the same for a form that a browser posts
"""

from podid.gateway.uploads.content import Content, ContentAnswer
from podid.gateway.uploads.spool import Spool

__all__ = ["Content", "ContentAnswer", "Spool"]
