"""What somebody believes who takes a hash of a short number for a secret."""

from __future__ import annotations

PHONE = {
    "a million numbers": "Seven digits make ten million numbers, from 0000000 to 9999999. How many "
    "does each digit multiply?",
    "nine digits to choose from": "Zero is a digit too. How many are there in each place?",
    "the hash is what is searched": "Nobody searches all hashes: only those of numbers that exist. "
    "How many are there?",
    "no number begins with 0": "A list of numbers has 0000000 in it, too. How many are there?",
    "upside down": "That is how much of the list is done in a second. What is left to divide?",
    "numbers, not seconds": "So many numbers there are. How many of them are hashed in a second?",
}
