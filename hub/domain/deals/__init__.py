"""Deal registrations: their life, their clock, and the rules that find conflicts and explain them."""
