"""Who changed what in AWS, as CloudTrail and the resources themselves tell it.

sweep      the pages of `LookupEvents`, newest first, within a budget
records    one CloudTrail record in the few words that an audit needs
callers    who made a call, and with what kind of tool
events     the calls that change audited fields: the table
keeping    what of a sweep concerns the fleet, and the account of how far it reaches
matching   which change can have made a finding
undone     edits that CAPA has put back
free       what resources tell of their own changes
"""
