"""Large pictures in tiles: where these lie, and how what is computed of them becomes that of the picture."""
