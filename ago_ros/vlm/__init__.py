"""Text and image encoders behind one small interface, and what is read from them."""
