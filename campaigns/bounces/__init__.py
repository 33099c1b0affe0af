"""What mail servers and people send back, read: any bytes in, what they say out, never an error.

mapping.py    each reason is of one kind: hard, soft, policy, …
reasons.py    a status code and a server's words become a reason
"""
