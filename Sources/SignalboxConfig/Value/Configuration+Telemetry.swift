extension Configuration {
    /// `tracing:`
    public struct Tracing: Sendable, Equatable {
        public enum Propagation: String, Sendable, CaseIterable {
            /// Where the caller sent a trace, or spans are exported.
            case auto
            /// With every attempt.
            case always
            /// Never: the provider learns of no trace.
            case never
        }

        /// The part of the traces that begin here of which spans are exported: 0 to 1. A trace that came from
        /// a caller goes on as the caller decided. Default 1.
        public var sampleRatio = 1.0
        /// When providers are sent `traceparent` and `tracestate`. Default `auto`.
        public var propagation = Propagation.auto

        public init() {}
    }

    /// `metrics:`
    public struct Metrics: Sendable, Equatable {
        /// Which version of OpenTelemetry's GenAI conventions names the `gen_ai_` metrics.
        public enum Conventions: String, Sendable, CaseIterable {
            /// What dashboards know.
            case v1_41 = "v1.41"
            /// Those not yet released, instead of the others: they may change with any version.
            case latest
        }

        /// Default `v1.41`.
        public var conventions = Conventions.v1_41

        public init() {}
    }
}
