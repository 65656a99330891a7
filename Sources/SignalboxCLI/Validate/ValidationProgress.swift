import Glibc
import SignalboxCore
import Synchronization

/// What is being asked, on a terminal's last line. From any thread.
final class ValidationProgress: Sendable {
    private static let barWidth = 30
    private let done = Mutex(0)

    /// Nil where nobody looks.
    static var onTerminal: ValidationProgress? {
        isatty(STDERR_FILENO) == 1 ? ValidationProgress() : nil
    }

    /// The scope of one key that is tried.
    func show(_ scope: KeyProbeProgress) {
        write("trying \(scope.scope) (\(scope.current) of \(scope.total))")
    }

    /// One of many keys is done.
    func count(_ key: String, of total: Int) {
        // Written under the lock: lines come in the order of what they say.
        done.withLock { count in
            count += 1
            let full = count * Self.barWidth / max(total, 1)
            let bar =
                String(repeating: "#", count: full) + String(repeating: ".", count: Self.barWidth - full)
            write("[\(bar)] \(count)/\(total) keys  \(key)")
        }
    }

    /// Clears the line.
    func end() {
        StandardError.write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        StandardError.write("\r\(text)\u{1B}[K")
    }
}
