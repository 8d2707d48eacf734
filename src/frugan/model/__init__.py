"""What turns seeds into pictures: the networks of a model together, and the folder that holds them."""
