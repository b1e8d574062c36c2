"""What the code does on the network, in the queue, to its data and in its logs: libraries and their meaning."""
