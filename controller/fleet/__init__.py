"""One engine for several robots of a machine: who waits, what is decided side by side, and how it is asked."""
