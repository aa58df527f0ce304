"""What this machine has, and whether every network computes the same on every runtime that works here."""
