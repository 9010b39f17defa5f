"""Tables, figures, the report page and cards."""
