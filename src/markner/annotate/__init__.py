"""Texts of one's own, tagged: reading and writing them, and the way from sentences back to the text's own offsets."""
