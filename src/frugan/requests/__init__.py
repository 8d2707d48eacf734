"""What a caller asks for, as frozen dataclasses that check themselves. No torch: wrong arguments are told at once."""
