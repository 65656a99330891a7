/// How much a line matters. A writer passes lines of its own level and above.
public enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical

    /// As it stands in lines and in configuration.
    public var label: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }

    public init?(label: some StringProtocol) {
        guard let level = Self.allCases.first(where: { $0.label == label }) else { return nil }
        self = level
    }

    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case json
    /// For people at a terminal; not a contract.
    case text
}

/// The name of what happened. Each module spells its own in its `Events.swift`.
///
///     extension LogEvent { static let fallback: LogEvent = "llm_fallback" }
public struct LogEvent: Sendable, ExpressibleByStringLiteral {
    public let name: StaticString

    public init(stringLiteral name: StaticString) {
        self.name = name
    }
}
