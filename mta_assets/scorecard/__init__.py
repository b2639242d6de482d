"""How far each model is from the truth, on worlds where it is known. No model and no world lives here."""
