"""The robot link: a robot over ZeroMQ that moves only on fresh authority. The protocol is told in PROTOCOL.md."""
