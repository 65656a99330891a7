import SignalboxCore

/// An error as OpenAI and its copyists write it: `{"error":{…}}`, `{"error":"text"}`, the fields without a
/// wrapper, or any of these as the only element of an array.
struct OpenAICompatibleErrorBody {
    private(set) var message: String?
    private(set) var type: String?
    private(set) var code: String?
    /// The request's field that is at fault, where the vendor names one.
    private(set) var parameter: String?
    /// OpenRouter's further words; a member that is no text is there with an empty one.
    private(set) var metadata: [String: String] = [:]
    /// The limits of whoever stands behind the vendor.
    private(set) var limits = RateLimits()
    /// Whether it is OpenAI's own form, which callers can read.
    private(set) var isNestedObject = false

    /// Nil where the body is not JSON, or has none of the fields.
    init?(body: [UInt8]) {
        let whole: JSONValue
        do throws(JSONSyntaxError) {
            whole = try JSONScan.value(scanning: body)
        } catch {
            return nil
        }
        let object = JSONScan.elements(of: whole, in: body).first { _ in true } ?? whole
        if let error = JSONScan.member("error", of: object, in: body), error.kind != .null {
            self.init(error: error, in: body)
            isNestedObject = error.kind == .object && whole.kind == .object
            // One vendor writes the code beside an error that is a string.
            if code == nil {
                code = JSONScan.member("code", of: object, in: body).flatMap { Self.text($0, in: body) }
            }
        } else {
            self.init(error: object, in: body)
        }
        if message == nil && type == nil && code == nil { return nil }
    }

    /// From the value of `error`, or from an object with its fields.
    init(error: JSONValue, in bytes: [UInt8]) {
        guard error.kind == .object else {
            message = JSONScan.string(at: error, in: bytes)
            return
        }
        func text(_ name: StaticString) -> String? {
            JSONScan.member(name, of: error, in: bytes).flatMap { Self.text($0, in: bytes) }
        }
        message = text("message") ?? text("detail")
        if message == nil { readDetail(of: error, in: bytes) }
        parameter = text("param") ?? parameter
        type = text("type")
        code = text("code")
        if let inner = JSONScan.member("innererror", of: error, in: bytes), knownCode == nil,
            JSONScan.member("code", of: inner, in: bytes).flatMap({ Self.text($0, in: bytes) })
                == "ResponsibleAIPolicyViolation"
        {
            code = OpenAICompatibleErrorCode.contentFilter.rawValue
        }
        readMetadata(of: error, in: bytes)
    }

    /// What a validator found: `detail` is a list, each with `loc` and `msg`; or the same inside `message`.
    private mutating func readDetail(of error: JSONValue, in bytes: [UInt8]) {
        let holder = JSONScan.member("message", of: error, in: bytes) ?? error
        guard let detail = JSONScan.member("detail", of: holder, in: bytes),
            let first = JSONScan.elements(of: detail, in: bytes).first(where: { _ in true })
        else { return }
        message = JSONScan.member("msg", of: first, in: bytes).flatMap { Self.text($0, in: bytes) }
        let path = JSONScan.member("loc", of: first, in: bytes).map { place in
            JSONScan.elements(of: place, in: bytes).compactMap { Self.text($0, in: bytes) }
        }
        parameter = path?.drop { $0 == "body" }.joined(separator: ".")
    }

    private mutating func readMetadata(of error: JSONValue, in bytes: [UInt8]) {
        guard let found = JSONScan.member("metadata", of: error, in: bytes) else { return }
        JSONScan.visitMembers(of: found, in: bytes) { key, value in
            if value.kind != .null { metadata[key.text(in: bytes)] = Self.text(value, in: bytes) ?? "" }
        }
        guard let headers = JSONScan.member("headers", of: found, in: bytes) else { return }
        var fields: [String: String] = [:]
        JSONScan.visitMembers(of: headers, in: bytes) { key, value in
            fields[key.text(in: bytes)] = Self.text(value, in: bytes)
        }
        limits = OpenAIRateLimitFields.openRouter.read(
            HeaderBlock(fields), at: WallTime(nanosecondsSince1970: 0))
    }

    /// The code if it is one we know, else the type.
    var knownCode: OpenAICompatibleErrorCode? {
        code.flatMap(OpenAICompatibleErrorCode.init(spelled:))
            ?? type.flatMap(OpenAICompatibleErrorCode.init(spelled:))
    }

    /// The status that some gateways write as the code.
    var status: Int? {
        code.flatMap { Int($0) }.flatMap { 400...599 ~= $0 ? $0 : nil }
    }

    /// What the provider calls it, in bounded length. A code that is only the status again says less than the
    /// one beside it.
    var shownCode: String? {
        let other = status == nil ? nil : metadata.values.sorted().first { Known(spelled: $0) != nil }
        return (other ?? code ?? type).map { String(Redaction.clean($0).prefix(64)) }
    }

    private typealias Known = OpenAICompatibleErrorCode

    private static func text(_ value: JSONValue, in bytes: [UInt8]) -> String? {
        JSONScan.string(at: value, in: bytes) ?? JSONScan.integer(at: value, in: bytes).map { String($0) }
    }
}

/// The codes and types that decide alone, whatever the status. `invalid_request_error` is not among them:
/// OpenAI sends it with bad keys too.
enum OpenAICompatibleErrorCode: String, CaseIterable {
    case invalidKey = "invalid_api_key"
    case wrongKey = "wrong_api_key"
    case authentication = "authentication_error"
    case accountDeactivated = "account_deactivated"
    case insufficientQuota = "insufficient_quota"
    case creditExhausted = "credit_balance_exhausted"
    case organizationSpendLimit = "organization_spend_limit_exceeded"
    case projectSpendLimit = "project_spend_limit_exceeded"
    case organizationUsageLimit = "organization_usage_limit_exceeded"
    case billingLimit = "billing_hard_limit_reached"
    case billingNotActive = "billing_not_active"
    case paymentRequired = "payment_required"
    case budgetExceeded = "weight_exceeds_budget"
    case budgetInFlight = "in_flight_budget_exhausted"
    case rateLimit = "rate_limit_exceeded"
    case rateLimitError = "rate_limit_error"
    case rateLimited = "rate_limited"
    case slowDown = "slow_down"
    case modelNotFound = "model_not_found"
    case deploymentNotFound = "deploymentnotfound"
    case contextLength = "context_length_exceeded"
    case contentFilter = "content_filter"
    case contentPolicy = "content_policy_violation"
    case permissions = "permissions_error"
    case permission = "permission_error"
    case notInPlan = "not_available_for_plan"
    case unsupportedRegion = "unsupported_country_region_territory"
    case capacity = "capacity_exceeded"
    case server = "server_error"
    case internalServer = "internal_server_error"
    case overloaded = "overloaded_error"
    case unavailable = "service_unavailable"

    init?(spelled text: String) {
        self.init(rawValue: text.prefix(64).lowercased())
    }

    var kind: FailureKind {
        switch self {
        case .invalidKey, .wrongKey, .authentication, .accountDeactivated: .keyRejected
        case .insufficientQuota, .creditExhausted, .organizationSpendLimit, .projectSpendLimit,
            .organizationUsageLimit, .billingLimit, .billingNotActive, .paymentRequired, .budgetExceeded:
            .noCredit
        // The budget is taken by requests still running: it comes back by itself.
        case .budgetInFlight, .rateLimit, .rateLimitError, .rateLimited, .slowDown: .rateLimited
        case .modelNotFound, .deploymentNotFound: .modelNotFound
        case .contextLength: .contextTooLong
        case .contentFilter, .contentPolicy: .contentFiltered
        case .permissions, .permission, .notInPlan, .unsupportedRegion: .accessMissing
        case .capacity, .server, .internalServer, .overloaded, .unavailable: .overloaded
        }
    }
}
