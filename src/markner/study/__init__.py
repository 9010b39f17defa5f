"""The study's settings: types, defaults, loading, and the schema and reference generated from them."""
