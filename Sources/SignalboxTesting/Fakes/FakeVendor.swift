public import SignalboxCore

/// A scripted vendor: it answers what it is asked, in the vendor's own dialect, and fails as the vendor
/// fails. Pure: bytes in, a script out.
///
/// A test chooses the misbehaviour by the key it calls with (``FakeKey``) and by the model it asks for
/// (``FakeModel``); ``FakeFailure`` says which of the two speaks. What a good answer says is
/// ``FakeTurn/answer(as:)``, the same at every vendor, so that a test can compute it from its own request:
/// the vendor's fake only reads its dialect into a ``FakeTurn`` and writes the ``FakeAnswer`` in its dialect.
public protocol FakeVendor: Sendable {
    /// What stands between the server's address and the operation's path in a `base_url`: `/v1`, or empty.
    var basePath: String { get }

    /// The keys that this vendor tells apart; empty where it needs none.
    var keys: [FakeKey] { get }

    /// The misbehaviours that this vendor knows.
    var models: [FakeModel] { get }

    /// What its good replies say of the limits on a key, as the adapter should read it at `now`.
    func limits(at now: WallTime) -> RateLimits

    /// What a test must ask for to meet this misbehaviour.
    func name(of model: FakeModel) -> String

    /// What a test must call with to be this caller.
    func secret(for key: FakeKey) -> Secret

    /// What it answers, so that a test can compute it. A vendor that leaves something out says so here.
    func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer

    func reply(to request: FakeRequest) -> ReplyScript
}

extension FakeVendor {
    public var basePath: String { "/v1" }
    public var keys: [FakeKey] { FakeKey.allCases }
    public var models: [FakeModel] { FakeModel.allCases }
    public func limits(at now: WallTime) -> RateLimits { RateLimits() }
    public func name(of model: FakeModel) -> String { model.rawValue }
    public func secret(for key: FakeKey) -> Secret { Secret(key.rawValue) }
    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer { turn.answer(as: model) }
}

/// One request as a fake vendor sees it.
public struct FakeRequest: Sendable, Hashable {
    public var method: String
    /// Without the query: `/v1/chat/completions`.
    public var path: String
    public var query: [String: String]
    /// By names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]

    public init(
        method: String = "POST", path: String, query: [String: String] = [:], headers: [String: String] = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = Dictionary(
            headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
        self.body = body
    }

    /// The token of an `Authorization` header with that scheme (in any case); nil where there is none.
    public func authorization(_ scheme: String) -> String? {
        let words = (headers["authorization"] ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == scheme.lowercased() else { return nil }
        return String(words[1])
    }

    /// The body taken apart; nil where it is not JSON.
    public var json: JSONTree? {
        do throws(JSONSyntaxError) { return try JSONTree(parsing: body) } catch { return nil }
    }
}

extension ReplyScript {
    /// A whole JSON reply.
    public static func json(
        _ status: Int, _ value: JSONTree, headers: [String: String] = [:]
    ) -> ReplyScript {
        var headers = headers
        headers["content-type"] = "application/json"
        return ReplyScript(steps: [.head(status: status, headers: headers), .bytes(value.json)])
    }

    /// A whole reply that is no JSON: a proxy's page, a plain word.
    public static func text(
        _ status: Int, _ text: String, type: String = "text/html", headers: [String: String] = [:]
    ) -> ReplyScript {
        var headers = headers
        headers["content-type"] = type
        return ReplyScript(steps: [.head(status: status, headers: headers), .bytes(Array(text.utf8))])
    }

    /// What a proxy in front of the vendor answers; it says nothing against a key.
    public static let proxyPage = ReplyScript.text(
        403, "<html><head><title>403 Forbidden</title></head><body>Access denied</body></html>")
}
