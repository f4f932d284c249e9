"""What the stack is made of: each construct removes repetition or guards a promise."""
