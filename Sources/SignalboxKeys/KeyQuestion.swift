package import SignalboxCore

/// What one check of a key needs.
package struct KeyQuestion: Sendable {
    /// A new probe for each check; nil where the kind of provider has none.
    package var probe: @Sendable () -> (any KeyProbe)?
    /// The provider's own additional headers: they go with each request, and never replace one of the
    /// probe's.
    package var headers: [(name: String, value: Secret)]
    /// A PEM file of certificate authorities to trust instead of the system's.
    package var authorityFile: String?
    /// Which addresses may be asked; nil where they come from the operator.
    package var addressGuard: AddressGuard?
    /// For the whole check, however many requests it makes.
    package var timeout: Duration

    package init(
        headers: [(name: String, value: Secret)] = [], authorityFile: String? = nil,
        addressGuard: AddressGuard? = nil, timeout: Duration = .seconds(10),
        probe: @escaping @Sendable () -> (any KeyProbe)?
    ) {
        self.probe = probe
        self.headers = headers
        self.authorityFile = authorityFile
        self.addressGuard = addressGuard
        self.timeout = timeout
    }
}

/// What one check has found.
package struct KeyAnswer: Sendable {
    package var report: KeyReport
    package var elapsed: Duration
    /// Those that were begun, whatever became of them.
    package var requests: Int
    /// When it ended.
    package var at: WallTime

    package init(report: KeyReport, elapsed: Duration, requests: Int, at: WallTime) {
        self.report = report
        self.elapsed = elapsed
        self.requests = requests
        self.at = at
    }
}
