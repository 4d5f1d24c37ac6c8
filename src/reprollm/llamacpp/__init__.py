"""llama.cpp: its server in this process, the vocabulary of its files, and files made for it."""
