"""Azure for drift-audit: what Cluster API Provider Azure (CAPZ) makes of a fleet."""
