"""Tables, figures, the page, the methods paragraph."""
