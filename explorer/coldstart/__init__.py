"""How long a container really takes to start, which part of that is the app's, and whether two of them differ."""
