import SignalboxCore

/// Google's error: `{"error":{code, message, status, details}}`, alone or as the only element of an array.
struct GeminiError {
    private(set) var code: Int?
    private(set) var message: String?
    private(set) var status: String?
    /// `ErrorInfo.reason`
    private(set) var reason: String?
    /// `RetryInfo.retryDelay`
    private(set) var retryDelay: Duration?
    /// `QuotaFailure.violations[].quotaId`: of several the one of a day, which lasts longest.
    private(set) var quotaID: String?
    /// `BadRequest.fieldViolations[].field`
    private(set) var field: String?

    /// Nil where the body is not JSON, or no error of Google's.
    init?(body: [UInt8]) {
        let tree: JSONTree
        do throws(JSONSyntaxError) { tree = try JSONTree(parsing: body) } catch { return nil }
        guard let error = (tree.elements?.first ?? tree)["error"], error.members != nil else { return nil }
        self.init(error)
        if message == nil && status == nil { return nil }
    }

    /// From the value of `error`.
    init(_ error: JSONTree) {
        code = error["code"]?.integer
        message = error["message"]?.string ?? error.string
        status = error["status"]?.string
        for detail in error["details"]?.elements ?? [] { take(detail) }
    }

    var isDailyQuota: Bool { quotaID?.contains("PerDay") ?? false }

    private mutating func take(_ detail: JSONTree) {
        let type = detail["@type"]?.string?.split(separator: ".").last ?? ""
        switch type {
        case "ErrorInfo": reason = detail["reason"]?.string ?? reason
        case "RetryInfo": retryDelay = detail["retryDelay"]?.string.flatMap(RetryAfter.units) ?? retryDelay
        case "QuotaFailure":
            let ids = (detail["violations"]?.elements ?? []).compactMap { $0["quotaId"]?.string }
            quotaID = ids.first { $0.contains("PerDay") } ?? ids.first ?? quotaID
        case "BadRequest": field = detail["fieldViolations"]?.elements?.first?["field"]?.string ?? field
        default: break
        }
    }
}

/// Gemini's quotas of a day begin anew at midnight in California.
enum GeminiQuota {
    private static let day: Int64 = 86_400

    /// Until 8:00 UTC, when it is midnight there in winter. In summer it is an hour too long.
    static func untilReset(at now: WallTime) -> Duration {
        let seconds = now.nanosecondsSince1970 / 1_000_000_000
        let since = ((seconds - 8 * 3_600) % day + day) % day
        return .seconds(day - since)
    }
}
