public import SignalboxCore

/// What every adapter must do, checked against its fake vendor: pure functions that answer with a list of
/// violations, so that a test expects it to be empty.
///
/// ```swift
/// @Test(arguments: ProviderConformance.Check.allCases)
/// func `our vendor's adapter conforms`(check: ProviderConformance.Check) {
///     let suite = ProviderConformance(fake: OurFake()) { OurAdapter(baseURL: $0) }
///     #expect(suite.violations(of: check).isEmpty)
/// }
/// ```
public struct ProviderConformance: Sendable {
    /// What the vendor can do at all. What it cannot must be refused by the adapter, naming the field.
    public struct Capabilities: Sendable, Equatable {
        public var tools = true
        public var imagesByURL = true
        public var inlineImages = true
        public var jsonObjects = true
        public var reasoning = true
        /// Texts that one request for embeddings may hold.
        public var embeddedTextsMax = 2
        /// Whether the usage of a stream is known although the caller did not ask for it; it is then asked
        /// for always, and hidden from who did not.
        public var streamUsageUnasked = true

        public init() {}
    }

    public enum Check: String, Sendable, CaseIterable {
        case plainAnswers, plainTools, images, jsonObjects, embeddings
        case streamedAnswers, streamedTools, streamUsage
        case failures, unreadableReplies, limits
        case splitStreams, endings, errorsInStreams
    }

    public struct Violation: Sendable, Hashable, CustomStringConvertible {
        public let check: Check
        public let message: String

        public var description: String { "\(check.rawValue): \(message)" }
    }

    package let adapter: any ProviderAdapter
    package let fake: any FakeVendor
    let capabilities: Capabilities

    /// - Parameter adapter: makes the adapter for the base URL at which the fake is thought to be.
    public init(
        fake: any FakeVendor, capabilities: Capabilities = Capabilities(),
        adapter: (_ baseURL: String) throws -> any ProviderAdapter
    ) rethrows {
        self.adapter = try adapter(ProviderConformance.origin + fake.basePath)
        self.fake = fake
        self.capabilities = capabilities
    }

    package static let origin = "http://fake.test"
    /// When every reply is received.
    package static let now = WallTime(nanosecondsSince1970: 1_750_000_000_000_000_000)

    public func violations() -> [Violation] {
        Check.allCases.flatMap(violations(of:))
    }

    public func violations(of check: Check) -> [Violation] {
        var findings = Findings(check: check)
        switch check {
        case .plainAnswers: checkPlainAnswers(&findings)
        case .plainTools: checkPlainTools(&findings)
        case .images: checkImages(&findings)
        case .jsonObjects: checkJSONObjects(&findings)
        case .embeddings: checkEmbeddings(&findings)
        case .streamedAnswers: checkStreamedAnswers(&findings)
        case .streamedTools: checkStreamedTools(&findings)
        case .streamUsage: checkStreamUsage(&findings)
        case .failures: checkFailures(&findings)
        case .unreadableReplies: checkUnreadableReplies(&findings)
        case .limits: checkLimits(&findings)
        case .splitStreams: checkSplitStreams(&findings)
        case .endings: checkEndings(&findings)
        case .errorsInStreams: checkErrorsInStreams(&findings)
        }
        return findings.violations
    }

    /// Whether the fake knows the misbehaviour.
    func has(_ model: FakeModel) -> Bool { fake.models.contains(model) }

    /// The models that answer with something of their own, as far as the fake knows them.
    var answering: [FakeModel] {
        let all: [FakeModel] = [.ok, .cached, .length, .filtered, .slow]
        return (all + (capabilities.reasoning ? [.reasoning] : [])).filter(has)
    }
}

/// What one check has found.
struct Findings {
    let check: ProviderConformance.Check
    private(set) var violations: [ProviderConformance.Violation] = []

    init(check: ProviderConformance.Check) {
        self.check = check
    }

    mutating func add(_ message: String) {
        violations.append(ProviderConformance.Violation(check: check, message: message))
    }

    mutating func expect(_ isTrue: Bool, _ message: @autoclosure () -> String) {
        if !isTrue { add(message()) }
    }

    mutating func expect<Value: Equatable>(_ found: Value, is wanted: Value, _ what: String) {
        if found != wanted { add("\(what) is \(found), not \(wanted)") }
    }
}
