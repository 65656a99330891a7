import Glibc
import SignalboxCore

/// Asks for a secret on the terminal without showing it.
enum HiddenPrompt {
    /// - Throws: where the terminal cannot be had, or the person has changed their mind (status 130).
    static func read(_ question: String, bytesMax: Int) throws(CommandFailure) -> Secret {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { throw unusable }
        var hidden = shown
        // Key by key, and without signals: nothing ends the process while the terminal is silent.
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        withUnsafeMutableBytes(of: &hidden.c_cc) { controls in
            controls[Int(VMIN)] = 1
            controls[Int(VTIME)] = 0
        }
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else { throw unusable }
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            StandardError.write("\n")
        }
        StandardError.write(question)
        return try line(bytesMax)
    }

    private static func line(_ bytesMax: Int) throws(CommandFailure) -> Secret {
        var typed: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw changedMind }
            switch Key(byte) {
            case .enter:
                guard !typed.isEmpty else { throw CommandFailure(message: "no key was typed", status: 2) }
                return Secret(String(decoding: typed, as: UTF8.self))
            case .interrupt: throw changedMind
            case .erase: _ = typed.popLast()
            case .eraseAll: typed = []
            case .character:
                guard typed.count < bytesMax else {
                    throw CommandFailure(message: "that is too long for a key", status: 2)
                }
                typed.append(byte)
            }
        }
    }

    private enum Key {
        case enter, interrupt, erase, eraseAll, character

        init(_ byte: UInt8) {
            switch byte {
            case 0x0A, 0x0D: self = .enter
            case 0x03, 0x04, 0x1C: self = .interrupt
            case 0x08, 0x7F: self = .erase
            case 0x15: self = .eraseAll
            default: self = .character
            }
        }
    }

    private static var unusable: CommandFailure {
        CommandFailure(
            message: "the terminal cannot be silenced: \(String(cString: strerror(errno)))", status: 2)
    }

    private static let changedMind = CommandFailure(message: "no key was given", status: 130)
}
