"""The floor of the house: tokens, components, the frame of every page. It imports no app of ours."""
