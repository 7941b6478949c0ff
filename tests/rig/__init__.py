"""The test rig: a real API server with real CRDs, real Git repositories and a real AWS endpoint.

    cache, build         Go programs, built once into a cache outside the clone
    modules, crds        CRDs and cluster templates out of pinned Go modules
    certificates         one certificate authority per server
    apiserver            start, readiness, identities, audit log, stop
    client               raw requests whose field manager the caller chooses
    management_cluster   what one test gets, and the clean-up after it
    templates            real cluster templates, rendered as clusterctl would
    git_repo, moto_server

`python -m tests.rig build` builds everything; `python -m tests.rig serve` starts a server to play with.
"""
