"""The stage that judges health: what is stuck, since when, and what it comes from.

suspects     a cheap look at every object: who is not well, and for longer than it may take
case         everything that a signature may look at: one object and what stands around it
signatures   the table of known causes, one module per layer, rows of pure predicates
blame        from the alarm down to the deepest broken thing; the earliest layer that explains it is the cause
findings     causes in the shape of the result document
"""
