"""Design to plan to session to trial table."""
