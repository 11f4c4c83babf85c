"""What a configuration needs from the network, brought once and written down with checksums; runs then need none."""
