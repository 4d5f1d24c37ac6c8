"""How far an engine repeats itself: the same requests asked again under other circumstances."""
