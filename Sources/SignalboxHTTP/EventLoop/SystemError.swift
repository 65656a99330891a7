import Glibc

/// A system call that failed, and the kernel's reason.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    public let call: String
    /// The `errno`.
    public let code: Int32

    /// The error that the last failed system call left in `errno`.
    init(_ call: String) {
        self.init(call, code: errno)
    }

    public init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    public var description: String {
        "\(call): \(String(cString: strerror(code)))"
    }
}
