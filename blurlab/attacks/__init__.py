"""Adversarial attacks: small changes of pictures that change an answer, step by step."""
