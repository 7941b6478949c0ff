"""Azure over real HTTPS: subscriptions with what CAPZ builds in them, behind the few paths that an audit may ask.

`world` holds the resources as Azure Resource Manager writes them, `cluster` builds what CAPZ builds, `graph` answers
the one query of ours, `server` speaks HTTPS, and `shapes` holds every body to the models of Azure's own SDK.
"""
