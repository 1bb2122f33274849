"""Proof that a rewritten image behaves as the old one: files looked at, both started, what they do compared."""
