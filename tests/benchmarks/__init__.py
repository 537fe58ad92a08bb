"""What is measured on this machine, and how it compares with what others would use."""
