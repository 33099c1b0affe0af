"""Who: people, their identities, what they agreed to, and which addresses are never used again."""
