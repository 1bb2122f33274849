"""Two images beside each other: what is gone, what came, and why the size is another one."""
