import Glibc

extension ConfigurationLoader {
    /// Reads the process's own environment and the disk.
    public static func system() -> ConfigurationLoader {
        ConfigurationLoader(environment: SystemFiles.environment(), reading: SystemFiles.read)
    }
}

/// The disk and the environment as the system gives them.
enum SystemFiles {
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return variables
    }

    @Sendable static func read(_ path: String, bytesMax: Int) throws(UnreadableFile) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return content }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unreadable(String(cString: strerror(errno))) }
            content += chunk[..<count]
            if content.count > bytesMax { throw .tooLarge }
        }
    }
}
