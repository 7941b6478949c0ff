"""Could this have worked? What AWS says about its own limits, asked for what does not come to be and for nothing else.

errors       the errors of AWS in the messages that CAPA writes
questions    from the suspects and their errors to what is worth asking
answering    every topic with its calls; a refused call is an answer that nobody knows
targets      whether the load balancer of an API server leads anywhere, by what was collected
"""
