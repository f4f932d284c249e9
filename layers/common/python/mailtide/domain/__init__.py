"""Pure rules: values and the time in, values out; no AWS, no clock, no randomness."""
