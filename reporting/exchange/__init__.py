"""Projects and fiches in the shape that other tools exchange them in."""
