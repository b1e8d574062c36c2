"""What is deployed: manifests of every platform, to environments, workloads, containers and network services."""
