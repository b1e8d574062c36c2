"""How the outside reaches something, in words: the kinds of an exposure as they stand in a sentence. Data only."""

WAYS = {
    "load-balancer": "a LoadBalancer Service",
    "node-port": "a NodePort Service",
    "host-port": "a hostPort",
    "host-network": "the host's network",
    "compose-port": "a published port",
    "ingress": "an Ingress",
    "public-load-balancer": "a public load balancer",
    "publicly-accessible": "its public address",
    "open-firewall": "a firewall that is open to the internet",
}
