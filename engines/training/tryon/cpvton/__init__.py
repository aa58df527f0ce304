"""CP-VTON's two networks, trained on the same pairs: what the own ones are measured against. Not shipped."""
