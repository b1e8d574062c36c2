"""The architecture standard: the severity and category of each rule that it names."""

STANDARD = {
    "communication": {
        "error": (
            "dangling-service gateway-without-authentication service-exposed-outside-gateway "
            "service-port-mismatch synchronous-call-cycle"
        ),
        "warning": (
            "deep-synchronous-chain external-address-for-internal-service gateway-without-rate-limit "
            "hardcoded-service-address remote-call-in-loop unknown-service-reference"
        ),
        "advice": "rest-between-services",
    },
    "resilience": {
        "error": "grpc-call-without-deadline http-call-without-timeout timeout-budget-inverted unbounded-retry",
        "warning": (
            "circuit-breaker-misconfigured datastore-connection-without-timeout excessive-timeout "
            "mesh-route-without-timeout remote-call-without-circuit-breaker remote-call-without-retry "
            "retry-of-unsafe-call retry-without-backoff retry-without-jitter"
        ),
    },
    "messaging": {
        "error": (
            "ack-before-processing consumer-without-dead-letter distributed-transaction dual-write "
            "event-store-mutation non-idempotent-consumer"
        ),
        "warning": "orphan-topic saga-step-without-compensation",
        "advice": "event-replay-without-snapshot unapproved-broker",
    },
    "data": {
        "error": "database-exposed-publicly foreign-table-access shared-database",
        "warning": "missing-migrations schema-created-at-runtime shared-volume",
        "advice": "cqrs-candidate",
    },
    "security": {
        "error": (
            "hardcoded-secret jwt-verification-disabled mtls-not-strict overprivileged-container "
            "overprivileged-iam overprivileged-service-account secret-in-config-file secret-in-env-var "
            "tls-verification-disabled unauthenticated-operation"
        ),
        "warning": (
            "committed-kubernetes-secret container-runs-as-root database-superuser "
            "insecure-internal-transport shared-service-account"
        ),
        "advice": "missing-network-policy writable-root-filesystem",
    },
    "observability": {
        "warning": (
            "debug-logging-in-production log-fields-missing metrics-not-scraped missing-metrics-endpoint "
            "missing-red-metrics missing-tracing print-instead-of-logging trace-context-not-propagated "
            "unstructured-logging"
        ),
        "advice": "missing-resource-metrics proprietary-tracing",
    },
    "contracts": {
        "error": (
            "breaking-contract-change client-contract-mismatch invalid-contract service-without-contract "
            "unimplemented-operation"
        ),
        "warning": "diverging-contract-copies undocumented-event undocumented-route unversioned-contract",
        "advice": "operation-without-error-response",
    },
    "design": {
        "error": "cross-service-import services-share-deployment",
        "warning": "god-service startup-dependency",
    },
    "deployment": {
        "error": "invalid-manifest missing-liveness-probe missing-readiness-probe probe-path-not-served",
        "warning": (
            "liveness-checks-dependencies missing-health-endpoint missing-resource-limits mutable-image-tag "
            "pipeline-without-static-analysis pipeline-without-tests single-stage-dockerfile"
        ),
        "advice": (
            "deployment-not-automated infrastructure-not-as-code missing-disruption-budget "
            "nonstandard-health-path single-replica"
        ),
    },
}
