"""Remote calls: HTTP, gRPC and RPC over brokers, their clients, targets and timeouts."""
